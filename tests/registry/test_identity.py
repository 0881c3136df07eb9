"""What a client has told, by whichever way, and for how long it counts."""

from __future__ import annotations

import dataclasses
from ipaddress import IPv4Address

import pytest

from pyxie.bounds import IDENTITIES
from pyxie.registry.identity import Identities, Identity, own_id

U1 = "4c4c4544-0042-3510-8058-b4c04f333732"
U2 = "4c4c4544-0042-3510-8058-b4c04f333733"
FIRST = IPv4Address("192.0.2.7")


class TestMemory:
    def test_has_the_macs_of_who_was_recognised(self) -> None:
        known = Identities()
        known.keep("a", Identity(hostname="a"))
        known.keep("b", Identity(hostname="b"))
        known.recognised("a")

        assert known.macs() == ("a",)

    def test_firmware_and_ipxe_tell_different_things_and_both_count(self) -> None:
        known = Identities()
        known.over_dhcp("m", Identity(uuids=frozenset((U1, U2)), options={60: b"a", 93: b"x"}), 0)
        known.keep("m", known.of("m").by_ipxe({"uuid": U1, "serial": " s "}, FIRST, 1.0))
        now = known.over_dhcp("m", Identity(uuids=frozenset((U1,)), options={60: b"b"}), 2.0)

        assert now == known.of("m")
        assert (now.uuids, now.serial, now.asset) == (frozenset((U1,)), "s", "")
        assert (now.options, now.asked) == ({60: b"b", 93: b"x"}, 1.0)

    def test_what_a_later_message_lacks_stays_but_for_where_it_came_from(self) -> None:
        told = Identity(
            uuids=frozenset((U1,)),
            serial="s",
            asset="a",
            circuit_id=b"c",
            remote_id=b"r",
            options={60: b"x"},
            hostname="h",
            address=FIRST,
            arch=7,
            asked=0.0,
        )
        known, fields = Identities(), dataclasses.fields(Identity)
        assert all(getattr(told, each.name) != getattr(Identity(), each.name) for each in fields)
        known.keep("m", told)

        after = known.over_dhcp("m", Identity(), 1.0)

        lost = {
            each.name for each in fields if getattr(after, each.name) != getattr(told, each.name)
        }
        assert lost == {"circuit_id", "remote_id", "address"}

    def test_what_came_over_http_is_held_for_one_boot(self) -> None:
        known = Identities()
        known.keep("m", Identity().by_ipxe({"serial": "s"}, FIRST, 0.0))

        assert known.over_dhcp("m", Identity(), 599.0).serial == "s"
        assert known.over_dhcp("m", Identity(), 600.0).serial is None

    def test_another_uuid_is_another_machine(self) -> None:
        known = Identities()
        known.keep("m", Identity(hostname="old").by_ipxe({"uuid": U1, "serial": "s"}, FIRST, 0.0))

        assert known.over_dhcp("m", Identity(uuids=frozenset((U2,))), 1.0).serial is None
        assert known.of("m").hostname == ""

    def test_what_many_boards_have_counts_as_none(self) -> None:
        told = {
            "uuid": "03000200-0400-0500-0006-000700080009",
            "serial": "To be filled by O.E.M.",
            "asset": "Default string",
            "hostname": "(none)",
        }
        found = Identity().by_ipxe(told, FIRST, 0.0)
        assert (found.uuids, found.serial, found.asset) == (frozenset(), "", "")
        assert found.hostname == ""

    def test_a_relays_id_that_says_something_is_kept(self) -> None:
        assert [own_id(each) for each in (None, b"ge-0/0/1", bytes(6))] == [None, b"ge-0/0/1", None]

    def test_is_bounded(self) -> None:
        known = Identities(most=2)
        for at in range(5):
            known.over_dhcp(str(at), Identity(hostname=str(at)), 0.0)
        assert [known.of(str(at)).hostname for at in range(5)] == ["", "", "", "3", "4"]

    def test_made_up_clients_drive_out_no_machine(self) -> None:
        known, before = Identities(most=2), IDENTITIES.times
        known.over_dhcp("m", Identity(hostname="m"), 0.0)
        known.recognised("m")
        known.recognised("nobody")
        for at in range(5):
            known.over_dhcp(str(at), Identity(hostname=str(at)), 0.0)
        known.over_dhcp("m", Identity(arch=7), 0.0)

        assert (known.of("m").hostname, known.of("m").arch) == ("m", 7)
        assert [known.has_recognised(mac) for mac in ("m", "4", "nobody")] == [True, False, False]
        assert IDENTITIES.times == before + 3

    @pytest.mark.parametrize(
        ("told", "code"),
        [("x86_64-efi", 7), ("i386-pcbios", 0), ("arm64-efi", 11), ("x-y", None), ("", None)],
    )
    def test_ipxe_tells_the_architecture_where_dhcp_did_not(
        self, told: str, code: int | None
    ) -> None:
        assert Identity().by_ipxe({"architecture": told}, FIRST, 0.0).arch == code
        assert Identity(arch=6).by_ipxe({"architecture": told}, FIRST, 0.0).arch == 6
