"""Machines that no file knows: ignored, asked, or booted."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.hooks.test_runner import running
from tests.http.site import ALL_LOCAL, CONFIG, HOST, MAC, MACHINE, serving
from tests.recognised import standing
from tests.render.ipxe import commands

NEW = "52:54:00:00:00:07"
DASHED = NEW.replace(":", "-")
DISCOVER = f"{CONFIG}unknown: discover\n"
RESCUE = f"{ALL_LOCAL}unknown: rescue\nbuild_types: {{rescue: {{cmdline: 'r {{{{ MAC }}}}'}}}}\n"


class TestIgnored:
    async def test_is_the_default(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            found = standing(served.parts.recogniser.of(NEW))
            script = (await served.get(f"/ipxe/{DASHED}")).text

            assert (found.in_build, found.why) == (False, "not in the registry")
            assert "is not in the registry" in script
            assert (await served.get(f"/discovered/{DASHED}?uuid=x")).status == 404
            assert (await served.get(f"/boot/{DASHED}/kernel/linux")).status == 404

    async def test_what_was_heard_over_dhcp_is_listed_all_the_same(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            served.parts.discovery.note(NEW, {"architecture": "x64 UEFI"})
            served.parts.discovery.note(MAC, {"architecture": "x64 UEFI"})
            body = json.loads((await served.get("/api/v1/discovered")).body)

            assert [each["mac"] for each in body["machines"]] == [NEW]


class TestDiscovered:
    async def test_it_is_asked_tells_and_is_adopted(self, tmp_path: Path) -> None:
        async with serving(tmp_path, config=DISCOVER) as served:
            assert standing(served.parts.recogniser.of(NEW)).in_build
            found = commands((await served.get(f"/ipxe/{DASHED}")).text)
            (url,) = [word for words in found for word in words if "/discovered/" in word]
            assert url.startswith(f"http://boot.internal:8090/discovered/{DASHED}?")
            assert found[-1] == ["exit", "1"]
            assert [words[0] for words in found][-5:-1] == ["echo", "imgfetch", "imgfree", "sleep"]
            script = (await served.get(f"/ipxe/{DASHED}")).text
            assert "&sb=${efi/SecureBoot} && imgfree found ||\n" in script

            told = "?uuid=1-2&vendor=QEMU&product=a%20b&serial=%0ax&evil=1"
            assert (await served.get(f"/discovered/{DASHED}{told}")).status == 200
            one = json.loads((await served.get(f"/api/v1/discovered/{DASHED}")).body)
            assert one["told"] == {"uuid": "1-2", "vendor": "QEMU", "product": "a b", "serial": "x"}

            new = {"hostname": "new.internal", "network": [{"macaddress": NEW}]}
            async with served.session.post(f"{served.url}/api/v1/machines", json=new) as answer:
                assert answer.status == 201
            assert (await served.get(f"/api/v1/discovered/{DASHED}")).status == 404
            assert standing(served.parts.recogniser.of(NEW)).why == "not in build mode"

    async def test_a_machine_that_is_known_is_not_asked(self, tmp_path: Path) -> None:
        async with serving(tmp_path, config=DISCOVER) as served:
            assert not standing(served.parts.recogniser.of(MAC)).in_build
            assert "/discovered/" not in (await served.get(f"/ipxe/{MAC}")).text
            assert (await served.get(f"/discovered/{MAC}?uuid=x")).status == 404

    async def test_nor_one_whose_file_has_mistakes(self, tmp_path: Path) -> None:
        broken = MACHINE.replace("kernel:", "kernle:")
        async with serving(tmp_path, config=DISCOVER, machine=broken) as served:
            found = standing(served.parts.recogniser.of(MAC))

            assert (found.in_build, found.why) == (
                False,
                "in a file with mistakes: see pyxie check",
            )
            assert "/discovered/" not in (await served.get(f"/ipxe/{MAC}")).text

    @pytest.mark.parametrize("policy", [DISCOVER, RESCUE])
    async def test_nobody_is_while_a_file_cannot_be_read(self, tmp_path: Path, policy: str) -> None:
        """It might be the machine of that file, which must not be booted into another's."""
        async with serving(tmp_path, config=policy, machine=f"{MACHINE}: [\n") as served:
            script = (await served.get(f"/ipxe/{MAC}")).text

            assert not standing(served.parts.recogniser.of(MAC)).in_build
            assert "is perhaps in a file that cannot be read: see pyxie check" in script
            assert (await served.get(f"/boot/{MAC.replace(':', '-')}/kernel/linux")).status == 404

    @pytest.mark.parametrize("policy", [DISCOVER, RESCUE])
    async def test_nobody_is_while_the_folder_is_away(self, tmp_path: Path, policy: str) -> None:
        async with serving(tmp_path, config=policy) as served:
            (tmp_path / "machines").rename(tmp_path / "away")
            await served.parts.machines.refresh()
            gone = [standing(served.parts.recogniser.of(each)).in_build for each in (MAC, NEW)]
            (tmp_path / "away").rename(tmp_path / "machines")
            await served.parts.machines.refresh()

            assert gone == [False, False]
            assert standing(served.parts.recogniser.of(NEW)).in_build
            assert not standing(served.parts.recogniser.of(MAC)).in_build


class TestBooted:
    async def test_into_the_type_that_the_setting_names(self, tmp_path: Path) -> None:
        async with serving(tmp_path, config=RESCUE) as served:
            (tmp_path / "images/linux").write_bytes(b"kernel")
            (tmp_path / "images/initrd.gz").write_bytes(b"initrd")
            script = (await served.get(f"/ipxe/{DASHED}")).text

            assert f"r {NEW}" in script
            assert f"http://boot.internal:8090/boot/{DASHED}/kernel/linux" in script
            assert (await served.get(f"/boot/{DASHED}/kernel/linux")).body == b"kernel"
            assert (await served.get(f"/boot/{DASHED}/initrd/0/initrd.gz")).body == b"initrd"
            shouted = DASHED.upper()
            assert (await served.get(f"/boot/{shouted}/kernel/linux")).body == b"kernel"
            told = [each for each in served.parts.trace.recent() if each.code == "image.fetching"]
            assert {each.mac for each in told} == {NEW}
            # No token, no template; and a machine that is known gets nothing of it.
            assert (await served.get(f"/template/preseed/{DASHED}/x")).status == 404
            assert (await served.get(f"/boot/{MAC.replace(':', '-')}/kernel/linux")).status == 404

    async def test_a_type_that_is_not_there_refuses_the_settings(self, tmp_path: Path) -> None:
        from pyxie.checking import check

        (tmp_path / "config.yaml").write_text("unknown: rescue\n")

        found = (await asyncio.to_thread(check, tmp_path / "config.yaml")).problems

        assert "'unknown' is 'rescue'" in str(found[0])


MENU = RESCUE.replace("unknown: rescue", "unknown: menu").replace(
    "build_types: {", "build_types: {a-b: {description: 'x ; y $z'}, "
)


class TestMenu:
    async def test_offers_the_build_types_and_by_default_the_next_device(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path, config=MENU) as served:
            assert standing(served.parts.recogniser.of(NEW)).in_build
            found = commands((await served.get(f"/ipxe/{DASHED}")).text)

            items = [words[1:] for words in found if words[0] == "item"]
            assert items == [
                ["disk", "Boot", "from", "the", "next", "device"],
                ["type0", "x", ";", "y", "z"],
                ["type1", "rescue"],
            ]
            chains = [words[-1] for words in found if words[0] == "chain"]
            here = f"http://boot.internal:8090/ipxe/{DASHED}"
            assert chains == [f"{here}?type=a-b", f"{here}?type=rescue"]
            assert found[-1] == ["exit", "1"]

    async def test_what_is_chosen_is_booted(self, tmp_path: Path) -> None:
        async with serving(tmp_path, config=MENU) as served:
            (tmp_path / "images/linux").write_bytes(b"kernel")
            assert (await served.get(f"/boot/{DASHED}/kernel/linux")).status == 404
            script = (await served.get(f"/ipxe/{DASHED}?type=rescue")).text

            assert f"r {NEW}" in script
            assert (await served.get(f"/boot/{DASHED}/kernel/linux")).body == b"kernel"
            assert "item" in (await served.get(f"/ipxe/{DASHED}")).text  # the next time

    async def test_a_type_that_is_not_there_is_told_on_the_screen(self, tmp_path: Path) -> None:
        async with serving(tmp_path, config=MENU) as served:
            assert (
                "is not in the registry" in (await served.get(f"/ipxe/{DASHED}?type=%0aboot")).text
            )
            known = (await served.get(f"/ipxe/{MAC}?type=rescue")).text
            assert "not in build mode" in known

    async def test_choices_are_bounded(self, tmp_path: Path) -> None:
        async with serving(tmp_path, config=MENU) as served:
            for at in range(3000):
                served.parts.recogniser.choose(str(at), "rescue")
            assert len(served.parts.recogniser._chosen) == 1000


class TestHooks:
    async def test_are_run_for_a_stranger_once(self, tmp_path: Path) -> None:
        hooks = f"{DISCOVER}unknownbuild_commands: [{{command: 'echo {{{{ MAC }}}}'}}]\n"
        async with serving(tmp_path, config=hooks) as served, running(served):
            for _ in range(3):
                served.parts.discovery.note(NEW, {})
            for _ in range(500):
                found = await served.parts.hooks.history(NEW)
                if found and found[0]["state"] != "owed":
                    break
                await asyncio.sleep(0.01)

            assert [(each["kind"], each["output"]) for each in found] == [
                ("unknownbuild", f"{NEW}\n")
            ]
            assert not await served.parts.hooks.history(HOST)
