"""What a probe comes to, of each thing that may be wrong."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from pyxie.probing.acts import Act, Asked, File, Play
from pyxie.probing.choice import Question, Stuck, Taken, choose
from pyxie.probing.conclusion import Conclusion, conclude, doubts
from pyxie.probing.heard import Broken, Heard
from pyxie.probing.loaded import Loaded
from pyxie.probing.questions import CLIENTS, Firmware, then_ipxe
from pyxie.probing.target import ByHttp, ByTftp, Nowhere, Target
from tests.probing.test_choice import BINL, FULL, PLAIN, PROXY, ROUTER, THIRD, WITH_FILE, heard

X64, BIOS = CLIENTS[Firmware.UEFI_X64], CLIENTS[Firmware.BIOS]
IPXE = then_ipxe(X64)
MAC = "52:54:00:12:34:56"
LOADER = ByTftp("192.168.7.2", "ipxe.efi")
SCRIPT = ByHttp("http://192.168.7.2:8090/ipxe/52-54-00-12-34-56")
OWN_PXE = heard(ROUTER, lease=True, o60=b"PXEClient", file=b"pxelinux.0")


def act(*offers: Heard, client: object = X64, **known: object) -> Act:
    """Return an act in which these offers were heard, and what is said of it."""
    choice = choose(client, offers)  # type: ignore[arg-type]
    return Act(client=client, heard=offers, choice=choice, **known)  # type: ignore[arg-type]


def play(*acts: Act, own: bool = False) -> Play:
    return Play(interface="eth0", mac=MAC, own=own, seconds=5.0, acts=acts)


def fetched(file: File, target: Target = LOADER, *offers: Heard, **known: object) -> Act:
    heard_ = offers or (PLAIN, BINL)
    one = act(*heard_, target=target, file=file, **known)
    assert isinstance(one.choice, Taken)
    return replace(one, boot=one.choice.boot)


def came_to(*acts: Act, own: bool = False) -> Conclusion:
    found = conclude(play(*acts, own=own))
    assert found.sentence.endswith(".")
    assert found.boots != bool(found.steps)
    assert all(each.endswith((".", "?")) for each in found.steps)
    return found


def changed(found: Conclusion) -> tuple[IPv4Address, IPv4Address]:
    """Return the DHCP server that is to be changed, and who should boot machines then."""
    assert found.change is not None
    return found.change.server, found.change.boot


GOOD = File(str(LOADER), 850_528, loaded=Loaded("iPXE for x64", is_ipxe=True))
SENT = File(str(SCRIPT), 1_196, loaded=Loaded("a script of iPXE's", is_script=True))
SHIM = File("tftp://192.168.7.2/shimx64.efi", 900, loaded=Loaded("shim for x64"))
GRUB = File("tftp://192.168.7.2/grubx64.efi", 900, loaded=Loaded("an EFI program for x64"))
CFG = File("tftp://192.168.7.2/grub/grub.cfg", 9, loaded=Loaded("GRUB's configuration"))
FILE = File("http://192.168.7.2:8090/boot/linux", 900_000)


class TestOfOffers:
    def test_nobody_answers(self) -> None:
        found = came_to(act())

        assert found.code == "nobody"
        assert found.sentence == (
            "A machine on eth0 gets neither an address nor a boot file: nobody answered within 5 s."
        )

    def test_nobody_answers_ipxe_any_more(self) -> None:
        found = came_to(fetched(GOOD), act(client=IPXE))

        assert found.sentence == (
            "A machine on eth0 gets neither an address nor a boot file: iPXE was loaded, and asked"
            " anew: nobody answered within 5 s."
        )

    def test_no_address_is_offered(self) -> None:
        found = came_to(act(BINL, FULL))

        assert found.code == "no-address"
        assert found.sentence == (
            "192.168.7.2 offers a boot, and no server an address,"
            " without which no firmware goes on."
        )

    def test_no_boot_file_is_offered_to_the_interface_itself(self) -> None:
        found = came_to(act(PLAIN), own=True)

        assert (found.code, found.sentence) == (
            "no-boot-file",
            "192.168.7.1 offers an address, but no server offers a boot file.",
        )
        [step] = found.steps
        assert step == (
            f"Ask as a machine that is to boot, by --mac: {MAC} is eth0 itself,"
            " and pyxie answers machines in build mode alone."
        )

    def test_no_boot_file_is_offered_to_a_machine(self) -> None:
        assert f"`pyxie why {MAC}`" in came_to(act(PLAIN)).steps[0]


class TestOfPort4011:
    def test_it_is_silent_on_a_proxy(self) -> None:
        silent = act(PLAIN, BINL, asked=(Asked(Question(PROXY), None),))

        found = came_to(silent)

        assert (found.code, found.change) == ("silent-4011", None)
        assert found.sentence == (
            "192.168.7.2 does not answer on UDP port 4011, where such firmware asks for the file."
        )
        assert found.steps == ("Let UDP port 4011 in through the firewall of 192.168.7.2.",)

    def test_it_is_silent_on_a_dhcp_server_that_says_pxeclient(self) -> None:
        found = came_to(act(BINL, OWN_PXE, asked=(Asked(Question(ROUTER), None),)))

        assert (found.code, changed(found)) == ("silent-4011", (ROUTER, PROXY))
        assert found.steps[0].startswith(
            "Take option 60 (PXEClient) out of the DHCP server 192.168.7.1:"
        )

    def test_it_is_silent_for_ipxe(self) -> None:
        bare = heard(PROXY, o60=b"PXEClient")

        found = came_to(act(PLAIN, bare, client=IPXE, asked=(Asked(Question(PROXY), None),)))

        assert "where iPXE asks for the file" in found.sentence

    def test_nobody_can_be_asked_without_an_address(self) -> None:
        found = came_to(act(PLAIN, BINL, unasked=True))

        assert found.code == "not-asked"
        assert found.sentence.startswith("eth0 has no address from which 192.168.7.2 could be")


class TestOfAFile:
    def test_it_leads_nowhere(self) -> None:
        one = fetched(GOOD, Nowhere("the answer of 192.168.7.2 names no boot file"))

        found = came_to(one)

        assert (found.code, found.sentence) == (
            "no-file",
            "The machine gets no further: the answer of 192.168.7.2 names no boot file.",
        )

    @pytest.mark.parametrize(
        ("code", "target", "next_"),
        [
            ("missing", LOADER, "Put that file where 192.168.7.2 serves it from"),
            ("silent", LOADER, "Does a TFTP server run on 192.168.7.2?"),
            (
                "silent",
                SCRIPT,
                "Does a web server run there? Its firewall has to let in TCP",
            ),
            ("refused", LOADER, "Look into the log of the server that"),
        ],
    )
    def test_it_cannot_be_fetched(self, code: str, target: Target, next_: str) -> None:
        found = came_to(fetched(File(str(target), fault="no such file", code=code), target))

        assert found.code == f"file-{code}"
        assert found.sentence == (
            f"The machine is sent to {target}, which cannot be fetched: no such file."
        )
        assert found.steps[0].startswith(next_)

    def test_it_is_for_another_machine(self) -> None:
        wrong = replace(GOOD, loaded=Loaded("iPXE for arm64", wrong="it is for arm64"))

        found = came_to(fetched(wrong))

        assert (found.code, found.sentence) == (
            "wrong-loader",
            "tftp://192.168.7.2/ipxe.efi does not start on such a machine: it is for arm64.",
        )
        assert "architecture 0x07" in found.steps[0]

    def test_it_is_the_dhcp_servers_though_a_proxy_has_one(self) -> None:
        missing = File("tftp://192.168.7.1/pxelinux.0", fault="no such file", code="missing")

        found = came_to(fetched(missing, LOADER, WITH_FILE, BINL, client=IPXE))

        assert changed(found) == (ROUTER, PROXY)

    def test_it_is_the_dhcp_servers_and_nobody_else_has_one(self) -> None:
        missing = File("tftp://192.168.7.1/pxelinux.0", fault="no such file", code="missing")

        assert came_to(fetched(missing, LOADER, WITH_FILE, PLAIN)).change is None


class TestOfABoot:
    def test_another_loader_is_left_to_itself(self) -> None:
        grub = replace(GOOD, loaded=Loaded("an EFI program for x64"))

        found = came_to(fetched(grub))

        assert (found.code, found.boots) == ("loads", True)
        assert found.sentence == (
            "It loads tftp://192.168.7.2/ipxe.efi, an EFI program for x64;"
            " what that does next shows on the machine alone."
        )

    def test_what_shim_goes_on_to_is_told(self) -> None:
        found = came_to(fetched(SHIM, stages=(GRUB, CFG)))

        assert (found.code, found.boots) == ("loads", True)
        assert found.sentence == (
            f"It loads {SHIM.url}, and then {CFG.url}, GRUB's configuration;"
            " what that does next shows on the machine alone."
        )

    def test_a_second_stage_that_is_not_there_does_not_boot(self) -> None:
        lost = replace(GRUB, loaded=None, fault="no such file")

        found = came_to(fetched(SHIM, stages=(lost,)))

        assert (found.code, found.boots) == ("stage-missing", False)
        assert found.sentence == (
            f"{SHIM.url} goes on to {GRUB.url}, which cannot be fetched: no such file."
        )
        assert found.steps == (f"Put it beside {SHIM.url}.",)

    @pytest.mark.parametrize(
        ("next_server", "step"),
        [
            (ROUTER, "Have the DHCP server 192.168.7.1 give 192.168.7.2 as next-server, without"),
            (PROXY, "Put GRUB's configuration there, on 192.168.7.2."),
        ],
    )
    def test_a_configuration_that_is_not_there_does_not_boot(
        self, next_server: IPv4Address, step: str
    ) -> None:
        lease = heard(ROUTER, lease=True, next_server=next_server)
        lost = replace(CFG, loaded=None, fault="no such file")

        found = came_to(fetched(SHIM, LOADER, lease, BINL, stages=(GRUB, lost)))

        assert (found.code, found.boots) == ("stage-missing", False)
        assert found.steps[0].startswith(step)
        assert (found.change is None) == (next_server == PROXY)
        if found.change is not None:
            assert changed(found) == (ROUTER, PROXY)
            assert found.change.remedies[0].lines == ("dhcp-boot=,,192.168.7.2",)

    @pytest.mark.parametrize(
        ("files", "more"),
        [
            ((), ""),
            ((FILE,), "; of 1 file that it names the first byte came"),
            ((FILE, FILE), "; of 2 files that it names the first byte came"),
        ],
    )
    def test_a_script_boots(self, files: tuple[File, ...], more: str) -> None:
        found = came_to(fetched(GOOD), fetched(SENT, SCRIPT, client=IPXE, files=files))

        assert (found.code, found.boots) == ("boots", True)
        assert found.sentence == f"It would boot: iPXE gets its script from {SCRIPT}{more}."

    def test_a_script_that_leads_to_another_boots_by_that(self) -> None:
        entry = replace(SENT, url="http://192.168.7.2:8090/boot.ipxe")

        found = came_to(fetched(entry, SCRIPT, client=IPXE, stages=(SENT,)))

        assert found.sentence == f"It would boot: iPXE gets its script from {SCRIPT}."

    def test_a_script_that_leads_nowhere_does_not(self) -> None:
        entry = replace(SENT, url="http://192.168.7.2:8090/boot.ipxe")
        lost = replace(SENT, loaded=None, fault="the answer is 404 Not Found")

        found = came_to(fetched(entry, SCRIPT, client=IPXE, stages=(lost,)))

        assert (found.code, found.steps) == (
            "stage-missing",
            (f"Mend the URL that {entry.url} chains.",),
        )

    def test_a_script_whose_kernel_is_not_there_does_not(self) -> None:
        absent = replace(FILE, fault="the answer is 404 Not Found", code="missing")

        found = came_to(fetched(SENT, SCRIPT, client=IPXE, files=(FILE, absent)))

        assert (found.code, found.boots) == ("image-missing", False)
        assert found.sentence == (
            f"The script loads {FILE.url}, which cannot be fetched: the answer is 404 Not Found."
        )


class TestDoubts:
    def test_there_are_none_about_one_server(self) -> None:
        assert list(doubts(act(PLAIN, BINL))) == []

    def test_two_servers_offer_a_boot(self) -> None:
        other = heard(THIRD, o60=b"PXEClient", file=b"other.efi")

        [doubt] = doubts(act(PLAIN, BINL, other))
        assert doubt == (
            "2 servers offer a boot, 192.168.7.2 and 192.168.7.3. Which of them a machine goes"
            " by depends on its firmware, and on who is the first to answer: let one of them do"
            " it."
        )

    def test_the_dhcp_server_names_a_file_that_was_not_taken(self) -> None:
        [_, doubt] = doubts(act(WITH_FILE, BINL))
        assert doubt == (
            "The DHCP server 192.168.7.1 names a boot file itself, pxelinux.0:"
            " some firmware takes that, whatever else is offered."
        )

    def test_an_answer_is_none(self) -> None:
        stuck = replace(act(), broken=(Broken(IPv4Address("192.168.7.9"), "it is cut short"),))

        assert isinstance(stuck.choice, Stuck)
        assert list(doubts(stuck)) == [
            "192.168.7.9 answered, and no machine heeds it: it is cut short."
        ]
