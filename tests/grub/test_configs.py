"""What a machine's signed GRUB goes on by, asked for over TFTP."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from pyxie.errors import NotServedError
from pyxie.events.kind import Step
from pyxie.loaders.lanes import SecureBoot
from pyxie.servers import files_of_machines, grub_configs
from pyxie.tftp.source import ProbeError
from tests.http.site import HOST, MAC, MACHINE, Served, serving
from tests.render.grub import commands

PEER, OURS = "192.0.2.7", IPv4Address("192.0.2.1")
ON, OFF = f"grub/{MAC}/x86_64/on.cfg", f"grub/{MAC}/x86_64/off.cfg"
OTHER = "00:de:ad:00:00:01"
MATCHED = MACHINE.replace(f"    macaddress: {MAC}\n", "") + "match: {serial: S1}\n"


async def asked(served: Served, name: str) -> list[list[str]]:
    """Return the commands of a configuration."""
    found = await grub_configs(served.parts).find(name, PEER, OURS)
    assert found is not None
    assert found.data is not None
    return commands(found.data.decode())


class TestUnderSecureBoot:
    async def test_it_loads_what_the_build_boots_over_tftp(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            token = await served.build()

            found = await asked(served, ON)

            url = f"url=http://boot.internal:8090/template/preseed/{HOST}/{token}"
            bootif = f"BOOTIF=01-{MAC.replace(':', '-')}"
            assert [each for each in found if each[0] in ("if", "source", "boot")] == [
                ["if", "linux", f"/boot/{HOST}/kernel/linux", bootif, "interface=auto", url,
                 "quiet"],
                ["if", "initrd", f"/boot/{HOST}/initrd/0/initrd.gz"],
                ["if", "[", "$loaded", "=", "y", "]"],
                ["source", f"/grub/{MAC}/booting/{token}"],
                ["boot"],
            ]  # fmt: skip
            assert served.parts.secure_boot.of(MAC) is SecureBoot.ON
            assert served.texts(Step.SCRIPT)[1:] == [
                "fetched what its GRUB goes on by: Secure Boot is on, and it loads the kernel"
            ]

    async def test_what_it_reports_is_what_ipxe_would(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            token = await served.build()

            await asked(served, f"grub/{MAC}/booting/{token}")

            assert served.texts(Step.BOOTING) == ["leaves GRUB for its kernel"]
            build = served.parts.index.active(HOST)
            assert build is not None
            assert build.state == "installing"

    async def test_a_wrong_token_is_refused_and_told_nobody(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()

            with pytest.raises(ProbeError) as caught:
                await files_of_machines(served.parts)(f"grub/{MAC}/booting/wrong", PEER, OURS)
            assert str(caught.value) == "booting: the token opens no build of this machine"

    async def test_what_cannot_be_rendered_is_said_on_its_screen(self, tmp_path: Path) -> None:
        machine = MACHINE.replace("interface=auto", "ip=${net0/ip}")
        async with serving(tmp_path, machine=machine) as served:
            await served.build()

            found = await asked(served, ON)

            why = (
                "cmdline: 'ip=${net0/ip}' is for iPXE to fill in, and this boots by GRUB: "
                "Secure Boot is on"
            )
            assert found[0] == ["echo", f"pyxie: {HOST}: {why}"]
            assert found[-1] == ["set", "again=y"]
            assert served.texts(Step.TROUBLE) == [f"no script: {why}"]

    async def test_a_machine_that_is_not_in_build_mode_gets_a_sentence(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as served:
            found = await asked(served, ON)

            assert found == [["echo", f"pyxie: {HOST} is not in build mode"]]
            assert served.texts(Step.SILENCE) == [f"no script: {HOST} is not in build mode"]

    async def test_a_machine_that_is_to_go_on_to_its_disk_does_so_at_once(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path, machine=f"when_idle: local\n{MACHINE}") as served:
            found = await asked(served, ON)

            assert found == [
                ["echo", f"pyxie: {HOST} is not in build mode"],
                ["set", "wait=n"],
            ]
            assert served.texts(Step.SCRIPT)[-1] == (
                "fetched a script that goes on to its next boot device: not in build mode"
            )

    async def test_one_that_only_ipxe_can_recognise_is_told_so(self, tmp_path: Path) -> None:
        async with serving(tmp_path, machine=MATCHED) as served:
            await served.build()

            [[_, said]] = await asked(served, ON)

            assert said == (
                f"pyxie: {MAC} is booted by iPXE alone, which Secure Boot refuses;"
                " switch Secure Boot off, or name its MAC address"
            )


class TestWithoutSecureBoot:
    """GRUB cannot go on to an iPXE: that stops as it initialises the card."""

    async def test_it_loads_the_kernel_as_well_and_needs_no_grub_the_next_time(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as served:
            await served.build()

            found = await asked(served, OFF)

            assert ["if", "initrd", f"/boot/{HOST}/initrd/0/initrd.gz"] in found
            assert served.parts.secure_boot.of(MAC) is SecureBoot.OFF
            assert served.texts(Step.SCRIPT) == [
                "its Secure Boot is off, says its GRUB",
                "fetched what its GRUB goes on by: Secure Boot is off, and it loads the kernel",
            ]

    async def test_what_cannot_be_rendered_is_left_to_its_ipxe_at_the_next_attempt(
        self, tmp_path: Path
    ) -> None:
        machine = MACHINE.replace("interface=auto", "ip=${net0/ip}")
        async with serving(tmp_path, machine=machine) as served:
            await served.build()

            [[_, said]] = await asked(served, OFF)

            assert said.startswith(f"pyxie: {HOST}: cmdline: 'ip=${{net0/ip}}' is for iPXE")

    async def test_one_that_only_ipxe_can_recognise_is_told_so(self, tmp_path: Path) -> None:
        async with serving(tmp_path, machine=MATCHED) as served:
            await served.build()

            [[_, said]] = await asked(served, OFF)

            assert said == f"pyxie: {MAC} is booted by iPXE, which it gets at its next attempt"


class TestAName:
    @pytest.mark.parametrize(
        "name",
        [
            *("grub/grub.cfg", "grub", f"grub/{MAC}", f"grub/{MAC}/x86_64/other.cfg"),
            *(f"grub/{MAC}/mips/on.cfg", f"a/grub/{MAC}/x86_64/on.cfg"),
        ],
    )
    async def test_that_is_none_of_these_is_anothers(self, tmp_path: Path, name: str) -> None:
        async with serving(tmp_path) as served:
            assert await grub_configs(served.parts).find(name, PEER, OURS) is None

    @pytest.mark.parametrize("name", ["grub/nobody/x86_64/on.cfg", "grub/x/booting/t"])
    async def test_without_a_mac_address_is_nothing(self, tmp_path: Path, name: str) -> None:
        async with serving(tmp_path) as served:
            with pytest.raises(NotServedError, match="is no MAC address"):
                await grub_configs(served.parts).find(name, PEER, OURS)
