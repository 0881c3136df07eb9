"""The answer file of Proxmox VE's installer, by POST to one URL for all machines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pyxie.registry.identity import Identity
from tests.http.site import HOST, MACHINE, Answer, serving

ANSWERING = MACHINE.replace("preseed: bookworm.j2", "templates: {answer: answer.j2}").replace(
    "url={{ BaseURL }}/template/preseed/{{ Hostname }}/{{ Token }}", "ramdisk_size=16777216"
)
OTHER = "52:54:00:00:00:02"


def about(*macs: str) -> bytes:
    nics = [{"link": f"eth{at}", "mac": mac} for at, mac in enumerate(macs)]
    return json.dumps({"product": {"product": "pve"}, "network_interfaces": nics}).encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/answer.j2").write_text("fqdn = '{{ Hostname }}' # {{ Token }}\n")
    return tmp_path


class TestTheAnswer:
    @pytest.mark.parametrize("path", ["/answer", "//answer", "/answer/"])
    async def test_is_of_the_machine_with_one_of_these_nics(self, folder: Path, path: str) -> None:
        async with serving(folder, machine=ANSWERING) as served:
            token = await served.build()

            told = await served.ask("POST", path, about(OTHER, "00:DE:AD:90:74:60"))

            assert told == Answer(200, f"fqdn = '{HOST}' # {token}\n".encode())
            assert await served.get(f"/status/{HOST}") == Answer(200, b"Installing")
            assert "fetched answer" in served.texts()

    async def test_is_not_for_a_machine_out_of_build_mode(self, folder: Path) -> None:
        async with serving(folder, machine=ANSWERING) as served:
            told = await served.ask("POST", "/answer", about("00:de:ad:90:74:60", OTHER))

            why = (
                "no answer file: 00:de:ad:90:74:60 is not in build mode; "
                f"{OTHER} is not in the registry"
            )
            assert told == Answer(404, f"{why}\n".encode())
            assert why in served.texts()

    async def test_is_not_guessed_among_several_machines(self, folder: Path) -> None:
        (folder / "machines").mkdir()
        (folder / "machines/web02.yaml").write_text(
            "templates: {answer: answer.j2}\ncmdline: quiet\n"
            f"network: [{{macaddress: '{OTHER}'}}]\n"
        )
        async with serving(folder, machine=ANSWERING) as served:
            for host in (HOST, "web02"):
                await served.build(host)

            told = await served.ask("POST", "/answer", about("00:de:ad:90:74:60", OTHER))

            assert told.status == 409
            assert (
                told.body
                == (
                    "no answer file: its NICs are those of several machines in build mode: "
                    f"{HOST}, web02\n"
                ).encode()
            )

    async def test_is_never_another_template_of_the_machine(self, folder: Path) -> None:
        """Waitron gives a machine's preseed by any word."""
        async with serving(folder) as served:
            await served.build()

            told = await served.ask("POST", "/answer", about("00:de:ad:90:74:60"))

            why = f"answer: {HOST} has no 'answer' in its 'templates'"
            assert told == Answer(404, f"{why}\n".encode())

    async def test_that_cannot_be_rendered_any_more_says_where(self, folder: Path) -> None:
        async with serving(folder, machine=ANSWERING) as served:
            await served.build()
            (folder / "templates/answer.j2").write_text("{{ nope }}\n")

            told = await served.ask("POST", "/answer", about("00:de:ad:90:74:60"))

            assert (told.status, b"answer.j2:1: 'nope' is undefined" in told.body) == (400, True)

    async def test_of_a_body_that_is_none_says_so(self, folder: Path) -> None:
        async with serving(folder, machine=ANSWERING) as served:
            await served.build()

            assert await served.ask("POST", "/answer", b"hostname=x") == Answer(
                400, b"the body is not JSON: Expecting value: line 1 column 1 (char 0)\n"
            )
            assert (await served.ask("POST", "/answer", bytes(300 << 10))).status == 413
            assert (await served.get("/answer")).status == 405

    async def test_is_not_for_the_second_of_two_with_one_identity(self, folder: Path) -> None:
        first, head = "52:54:00:00:00:07", ANSWERING.partition("network:")[0]
        async with serving(folder, machine=f"{head}match: {{arch: BIOS}}\n") as served:
            token = await served.build()
            for mac in (first, OTHER):
                served.parts.recogniser.over_dhcp(mac, lambda: Identity(arch=0))

            told = await served.ask("POST", "/answer", about(first))
            second = await served.ask("POST", "/answer", about(OTHER))

            assert told == Answer(200, f"fqdn = '{HOST}' # {token}\n".encode())
            assert second.status == 404
            assert f"{OTHER} is recognised as {HOST}, whose build {first} has" in second.text
