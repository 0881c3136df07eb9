"""What a remedy says, and what its lines are made of."""

from __future__ import annotations

from ipaddress import IPv4Address

from pyxie.diagnosis.remedy import Remedy, Site, by_file

SITE = Site(address=IPv4Address("192.0.2.10"))


class TestText:
    def test_says_what_to_take_out_before_what_to_add(self) -> None:
        remedy = Remedy("dnsmasq", "a file", ("new",), ("old ",), "restart", "Mind the gap.")

        assert list(remedy.text()) == [
            "dnsmasq: a file",
            "  take out what begins with",
            "    old",
            "  and add",
            "    new",
            "  then: restart",
            "  Mind the gap.",
        ]

    def test_says_it_in_the_words_of_a_shell_or_a_menu(self) -> None:
        remedy = Remedy("a", "b", ("new",), ("old",), remove="clear", give="set")

        assert list(remedy.text()) == ["a: b", "  clear", "    old", "  and set", "    new"]

    def test_says_no_more_than_there_is(self) -> None:
        assert list(Remedy("a", "b", ("c",)).text()) == ["a: b", "  add", "    c"]
        assert list(Remedy("a", "b", (), ("c",)).text()) == [
            "a: b",
            "  take out what begins with",
            "    c",
        ]


class TestTheData:
    def test_has_all_that_a_program_may_want(self) -> None:
        remedy = Remedy("dnsmasq", "a file", ("new",), ("old ",), "restart", "Mind the gap.")

        assert remedy.as_data() == {
            "server": "dnsmasq",
            "where": "a file",
            "take_out": ["old "],
            "add": ["new"],
            "then": "restart",
            "note": "Mind the gap.",
        }


class TestSite:
    def test_ipxe_is_sent_to_the_script_of_the_own_port(self) -> None:
        assert SITE.script == "http://192.0.2.10:8090/boot.ipxe"

    def test_clients_with_the_same_boot_file_stand_together(self) -> None:
        site = Site(
            address=SITE.address, files={0: "a.kpxe", 9: "b.efi", 7: "b.efi", 0x19: "r.efi"}
        )

        assert by_file(site) == [
            ("a.kpxe", "bios", (0,)),
            ("b.efi", "efi-x64", (7, 9)),
            ("r.efi", "arch-25", (0x19,)),
        ]
