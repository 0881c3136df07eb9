"""A probe's findings for people and for scripts."""

from __future__ import annotations

import json
from dataclasses import replace

from pyxie.probing.acts import Asked, File
from pyxie.probing.choice import Question
from pyxie.probing.conclusion import conclude
from pyxie.probing.heard import Broken, Heard
from pyxie.probing.spoken import data, fetched, lines, offer
from tests.probing import test_conclusion as told
from tests.probing.test_choice import BINL, PLAIN, PROXY, ROUTER, THIRD, WITH_FILE, heard

ANSWER = replace(BINL, message=replace(BINL.message, file=b"52-54-00-12-34-56/ipxe.efi"))


class TestTheReport:
    def test_tells_the_whole_boot(self) -> None:
        first = told.fetched(told.GOOD, asked=(Asked(Question(PROXY), ANSWER),))
        second = told.fetched(told.SENT, told.SCRIPT, client=told.IPXE, files=(told.FILE,))
        whole = told.play(first, second)

        assert list(lines(whole, conclude(whole))) == [
            (
                "eth0: asked as UEFI firmware of an x64 machine, by 52:54:00:12:34:56;"
                " no address is taken"
            ),
            "  192.168.7.1: address 192.168.7.50",
            "  192.168.7.2: no address, boot file ipxe.efi, next-server 192.168.7.2, PXEClient",
            "  it takes the address of 192.168.7.1, and goes by the answer of 192.168.7.2:",
            (
                "    a proxy offers a boot, and the DHCP server none;"
                " it is asked for the file's name on port 4011"
            ),
            (
                "  port 4011 of 192.168.7.2: 192.168.7.2: boot file 52-54-00-12-34-56/ipxe.efi,"
                " next-server 192.168.7.2, PXEClient"
            ),
            "  tftp://192.168.7.2/ipxe.efi: 850,528 bytes, iPXE for x64",
            "",
            "then asked as iPXE on an x64 UEFI machine, by 52:54:00:12:34:56",
            "  192.168.7.1: address 192.168.7.50",
            "  192.168.7.2: no address, boot file ipxe.efi, next-server 192.168.7.2, PXEClient",
            "  it takes the address of 192.168.7.1, and goes by the answer of 192.168.7.2:",
            "    a proxy's answer came while iPXE waited for it",
            f"  {told.SCRIPT}: 1,196 bytes, a script of iPXE's",
            "  http://192.168.7.2:8090/boot/linux: 900,000 bytes",
            "",
            (
                f"It would boot: iPXE gets its script from {told.SCRIPT};"
                " of 1 file that it names the first byte came."
            ),
        ]

    def test_tells_of_silence_and_what_to_try(self) -> None:
        whole = told.play(told.act())

        _, silence, _, sentence, head, *steps = lines(whole, conclude(whole))
        assert silence == "  no answer within 5 s"
        assert sentence.startswith("A machine on eth0 gets neither an address nor a boot file:")
        assert head == "Try next:"
        assert [each[:10] for each in steps] == ["  1. Does ", "  2. Does "]

    def test_tells_who_did_not_answer_on_port_4011(self) -> None:
        whole = told.play(told.act(PLAIN, BINL, asked=(Asked(Question(PROXY), None),)))

        assert "  port 4011 of 192.168.7.2: no answer" in lines(whole, conclude(whole))

    def test_tells_what_to_change_in_the_dhcp_server(self) -> None:
        asked = (Asked(Question(ROUTER), None),)
        whole = told.play(told.act(told.OWN_PXE, BINL, asked=asked))

        said = list(lines(whole, conclude(whole)))
        at = said.index(
            "If 192.168.7.2 is to boot machines, to change in the DHCP server 192.168.7.1,"
            " whichever it is:"
        )
        assert said[at + 1] == "    dnsmasq: /etc/dnsmasq.conf, or a file in /etc/dnsmasq.d"
        assert "dhcp-option=60," in "\n".join(said[at:])
        assert data(whole, conclude(whole))["servers"][0]["server"] == "dnsmasq"

    def test_tells_nothing_to_change_where_the_machine_boots(self) -> None:
        boots = told.fetched(told.SENT, told.SCRIPT, WITH_FILE, BINL, client=told.IPXE)
        whole = told.play(boots)

        assert conclude(whole).boots
        assert not any("to change in the" in each for each in lines(whole, conclude(whole)))

    def test_tells_each_doubt_once(self) -> None:
        one = told.fetched(told.GOOD, told.LOADER, WITH_FILE, BINL)
        whole = told.play(one, one)

        beside = [each for each in lines(whole, conclude(whole)) if each.startswith("Beside that")]
        assert len(beside) == len(set(beside)) == 2


class TestALine:
    def test_names_all_that_matters_of_an_answer(self) -> None:
        full = heard(ROUTER, lease=True, o66=b"192.168.7.9", o60=b"PXEClient", next_server=THIRD)
        full = replace(full, source=PROXY)

        assert offer(full) == (
            "192.168.7.1 (from 192.168.7.2): address 192.168.7.50, next-server 192.168.7.3,"
            " option 66 192.168.7.9, PXEClient"
        )

    def test_leaves_out_what_says_nothing(self) -> None:
        plain = heard(ROUTER, lease=True, next_server=ROUTER, o66=b"192.168.7.1")

        assert offer(plain) == "192.168.7.1: address 192.168.7.50"
        assert offer(plain, leased=True) == "192.168.7.1: nothing to boot"

    def test_tells_what_came_of_a_file(self) -> None:
        assert fetched(File("tftp://a/b", fault="no such file")) == "tftp://a/b: no such file"
        assert fetched(File("http://a/b")) == "http://a/b: there"


class TestTheData:
    def test_has_all_of_it(self) -> None:
        asked = (Asked(Question(PROXY), ANSWER), Asked(Question(THIRD), None))
        one = told.fetched(told.GOOD, asked=asked)
        one = replace(one, broken=(Broken(THIRD, "it is cut short"),), files=(told.FILE,))
        whole = told.play(one, told.act(client=told.IPXE))

        found = data(whole, conclude(whole))

        assert json.loads(json.dumps(found)) == found
        assert (found["boots"], found["code"], found["mac"]) == (False, "nobody", told.MAC)
        first, second = found["acts"]
        assert first["taken"] == {"lease": "192.168.7.1", "boot": "192.168.7.2"}
        assert [each["server"] for each in first["servers"]] == ["192.168.7.1", "192.168.7.2"]
        assert first["servers"][1] == _of_binl()
        assert first["asked"][1] == {"server": "192.168.7.3", "answer": None}
        assert first["file"] == {
            "url": "tftp://192.168.7.2/ipxe.efi",
            "size": 850_528,
            "what": "iPXE for x64",
            "fault": "",
            "seconds": 0.0,
        }
        assert first["doubts"] == [
            "192.168.7.3 answered, and no machine heeds it: it is cut short."
        ]
        assert (second["ipxe"], second["taken"], second["file"]) == (True, None, None)


def _of_binl() -> dict[str, object]:
    binl: Heard = BINL
    return {
        "server": "192.168.7.2",
        "source": "192.168.7.2",
        "link": binl.link,
        "address": None,
        "next_server": "192.168.7.2",
        "file": "ipxe.efi",
        "vendor_class": "PXEClient",
        "tftp_server": "",
        "options": {"53": "02", "54": "c0a80702", "60": "505845436c69656e74"},
        "after": 0.1,
    }
