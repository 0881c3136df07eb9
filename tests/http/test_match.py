"""Machines that are recognised by what they tell: from the DISCOVER to the script."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from pyxie.dhcp.identify import identify
from pyxie.dhcp.message import DhcpMessage
from pyxie.hooks.unknown import UnknownHooks
from pyxie.recognition.recognise import Unknown, settled
from tests.dhcp.packets import discover
from tests.hooks.test_runner import running
from tests.http.site import ALL_LOCAL, HOST, MAC, MACHINE, Served, serving
from tests.recognised import Standing, standing
from tests.render.ipxe import commands, lines

NEW = "52:54:00:00:00:07"
DASHED = NEW.replace(":", "-")
OURS = IPv4Address("192.0.2.1")
RESCUE = f"{ALL_LOCAL}unknown: rescue\nbuild_types: {{rescue: {{cmdline: 'r {{{{ MAC }}}}'}}}}\n"
UUID = "30313233-3435-3637-3839-616263646566"


def matched(match: str) -> str:
    head, _, tail = MACHINE.partition("network:\n")
    return f"{head}match: {match}\n{tail[tail.index('params') :]}"


def heard(served: Served, message: DhcpMessage | None = None, mac: str = NEW) -> Standing:
    """Return the standing of a machine whose firmware sends ``message``."""
    request = message or discover()
    found = served.parts.recogniser.over_dhcp(mac, lambda: identify(request, OURS))
    return standing(found)


async def script(served: Served, query: str = "") -> list[list[str]]:
    return commands((await served.get(f"/ipxe/{DASHED}{query}")).text)


class TestByWhatFirmwareTells:
    @pytest.mark.parametrize(
        "match", [f"{{uuid: {UUID}}}", "{arch: BIOS}", "{subnet: 192.0.2.0/24}"]
    )
    async def test_it_is_booted_without_being_asked(self, tmp_path: Path, match: str) -> None:
        async with serving(tmp_path, machine=matched(match)) as served:
            assert heard(served) == Standing(HOST, in_build=False, why="not in build mode")
            token = await served.build()

            assert heard(served) == Standing(HOST, in_build=True)
            found = await script(served)
            assert any(word[0] == "kernel" for word in found)
            (booting,) = [word for words in found for word in words if "/booting/" in word]
            assert booting.endswith(f"/booting/{DASHED}/{token}?sb=${{efi/SecureBoot}}")
            assert (await served.get(f"/booting/{DASHED}/{token}")).status == 200
            assert served.parts.index.of(HOST).mac == NEW  # type: ignore[union-attr]

    async def test_its_nic_is_its_own_while_it_installs_and_its_file_is_gone(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path, machine=matched("{arch: BIOS}")) as served:
            token = await served.build()
            heard(served)
            await served.get(f"/booting/{DASHED}/{token}")
            (tmp_path / f"machines/{HOST}.yaml").write_text("hostname: other\n")
            await served.parts.machines.refresh()

            assert served.parts.recogniser.host_of(NEW) == HOST
            assert (await served.get(f"/done/{HOST}/{token}")).status == 200
            assert served.parts.recogniser.host_of(NEW) is None

    async def test_of_two_with_one_identity_the_first_that_asks_has_the_build(
        self, tmp_path: Path
    ) -> None:
        other = "52:54:00:00:00:08"
        dashed = other.replace(":", "-")
        async with serving(tmp_path, machine=matched(f"{{uuid: {UUID}}}")) as served:
            token = await served.build()
            heard(served), heard(served, mac=other)
            await served.ask("HEAD", f"/ipxe/{dashed}")  # which changes nothing
            await script(served)

            refused = (await served.get(f"/ipxe/{dashed}")).text

            assert f"is recognised as {HOST}, whose build {NEW} has" in refused
            assert token not in refused
            assert heard(served, mac=other).why.startswith(f"recognised as {HOST}, whose build")
            assert (await served.get(f"/v1/boot/{other}")).status == 404
            assert (await served.get(f"/booting/{dashed}/{token}")).status == 401
            assert (await served.get(f"/v1/boot/{NEW}")).status == 200

    async def test_so_it_is_by_way_of_pixiecore(self, tmp_path: Path) -> None:
        other = "52:54:00:00:00:08"
        async with serving(tmp_path, machine=matched(f"{{uuid: {UUID}}}")) as served:
            await served.build()
            heard(served), heard(served, mac=other)

            asked = [(await served.get(f"/v1/boot/{mac}")).status for mac in (NEW, other, NEW)]

            assert asked == [200, 404, 200]

    async def test_who_comes_while_a_new_build_begins_gets_that_ones(self, tmp_path: Path) -> None:
        async with serving(tmp_path, machine=matched(f"{{uuid: {UUID}}}")) as served:
            await served.build()
            heard(served)
            old = served.parts.index.active(HOST)
            assert old is not None
            token = await served.build()

            # As of a request that had seen the old one when the new one began.
            assert not await served.parts.builds.assign(old, NEW, "", named=())
            found = await script(served)

            assert any(word.endswith(f"/{token}") for words in found for word in words)

    async def test_a_mac_tells_more(self, tmp_path: Path) -> None:
        async with serving(tmp_path, machine=MACHINE) as served:
            (tmp_path / "machines/other.yaml").write_text("match: {arch: BIOS}\n")
            await served.parts.machines.refresh()

            assert heard(served, mac=MAC).host == HOST
            assert heard(served).host == "other"


class TestByWhatOnlyIpxeTells:
    SERIAL = matched("{serial: VM-17, arch: BIOS}")

    async def test_it_is_asked_only_while_it_may_be_one_in_build_mode(self, tmp_path: Path) -> None:
        async with serving(tmp_path, machine=self.SERIAL) as served:
            assert not heard(served).in_build
            await served.build()

            assert heard(served) == Standing(None, in_build=True)
            assert not heard(served, discover(7), "52:54:00:00:00:08").in_build

    async def test_it_is_asked_and_booted(self, tmp_path: Path) -> None:
        async with serving(tmp_path, machine=self.SERIAL) as served:
            await served.build()
            heard(served)
            asked = await script(served)
            (url,) = [word for words in asked for word in words if "asked=1" in word]
            assert url.startswith(
                f"http://boot.internal:8090/ipxe/{DASHED}?asked=1&uuid=${{uuid}}&"
            )
            assert "serial=${serial:uristring}" in url
            text = (await served.get(f"/ipxe/{DASHED}")).text
            assert any(
                line.endswith("&sb=${efi/SecureBoot} || goto failed") for line in lines(text)
            )

            found = await script(served, "?asked=1&serial=vm-17&asset=")

            assert any(words[0] == "kernel" for words in found)
            assert heard(served) == Standing(HOST, in_build=True)

    async def test_another_is_told_that_it_is_none_and_then_left_alone(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path, machine=self.SERIAL) as served:
            await served.build()
            heard(served)
            answer = (await served.get(f"/ipxe/{DASHED}?asked=1&serial=VM-18")).text

            assert f"{NEW} is not in the registry" in answer
            assert heard(served) == Standing(None, in_build=False, why="not in the registry")
            assert [each.mac for each in served.parts.discovered.all()] == [NEW]

    async def test_it_is_asked_anew_at_each_boot(self, tmp_path: Path) -> None:
        async with serving(tmp_path, machine=self.SERIAL) as served:
            await served.build()
            heard(served)
            await script(served, "?asked=1&serial=VM-17")  # anybody may have said so

            assert any("asked=1" in word for words in await script(served) for word in words)

    async def test_a_policy_for_the_unknown_waits_until_it_is_asked(self, tmp_path: Path) -> None:
        async with serving(tmp_path, machine=self.SERIAL, config=RESCUE) as served:
            assert heard(served).in_build
            assert any("asked=1" in word for words in await script(served) for word in words)
            rescued = await script(served, "?asked=1&serial=VM-18")
            known = (await served.get(f"/ipxe/{DASHED}?asked=1&serial=VM-17")).text

            assert any(words[0] == "kernel" for words in rescued)
            assert f"{HOST} is not in build mode" in known

    async def test_hooks_of_unknown_machines_wait_as_well(self, tmp_path: Path) -> None:
        hooks = f"{ALL_LOCAL}unknownbuild_commands: [{{command: 'true'}}]\n"
        async with (
            serving(tmp_path, machine=self.SERIAL, config=hooks) as served,
            running(served),
        ):
            heard(served)
            served.parts.discovery.note(NEW, {})
            unknown = served.parts.discovery._hooks
            assert isinstance(unknown, UnknownHooks)
            assert len(unknown) == 0
            await script(served, "?asked=1&serial=VM-18")
            assert len(unknown) == 1


class TestMistakes:
    async def test_a_tied_machine_is_nobodys_and_not_unknown(self, tmp_path: Path) -> None:
        async with serving(tmp_path, machine=matched("{arch: BIOS}"), config=RESCUE) as served:
            await served.build()
            (tmp_path / "machines/other.yaml").write_text("match: {arch: [BIOS, UEFI]}\n")
            await served.parts.machines.refresh()

            assert not heard(served).in_build  # also the one whose build has begun
            uefi = heard(served, discover(7), "52:54:00:00:00:08")
            assert uefi.why == "in a file with mistakes: see pyxie check"
            assert not uefi.in_build

    async def test_while_a_match_cannot_be_read_nobody_is_matched_or_unknown(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path, machine=matched("{arch: BIOS}"), config=RESCUE) as served:
            (tmp_path / "machines/other.yaml").write_text("match: {serial: x, nonsense: y}\n")
            await served.parts.machines.refresh()

            assert heard(served) == Standing(
                None, in_build=False, why="perhaps in a file that cannot be read: see pyxie check"
            )
            assert not isinstance(settled(served.parts.recogniser.of(NEW)), Unknown)

    async def test_rest_refuses_to_add_a_tie(self, tmp_path: Path) -> None:
        async with serving(tmp_path, machine=matched("{arch: BIOS}"), config=RESCUE) as served:
            new = {"hostname": "new.internal", "match": {"arch": ["BIOS"]}}
            async with served.session.post(f"{served.url}/api/v1/machines", json=new) as answer:
                assert answer.status in (409, 422, 400)
                assert "neither is the more specific" in await answer.text()
