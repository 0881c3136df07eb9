"""The REST API of boot loaders."""

from __future__ import annotations

import json
from pathlib import Path

from tests.http.site import serving
from tests.loaders.signed import program, signature


async def test_what_lies_in_the_folder_is_told_with_its_signers(tmp_path: Path) -> None:
    async with serving(tmp_path) as site:
        folder = site.parts.settings().ipxe
        (folder / "snponly-x86_64.efi").write_bytes(program(signature()))
        site.parts.loaders.refresh()

        answer = await site.ask("GET", "/api/v1/loaders")

    told = {each["client"]: each for each in reversed(json.loads(answer.body)["loaders"])}
    assert told["x64 UEFI"] == {
        "client": "x64 UEFI",
        "codes": [7, 9, 16],
        "name": "snponly-x86_64.efi",
        "path": str(folder / "snponly-x86_64.efi"),
        "size": len(program(signature())),
        "version": "",
        "signers": [{"name": "A Signer", "ca": "A CA", "expires": "2038-06-13"}],
        "usual": True,
        "missing": "",
    }
    assert told["riscv64 UEFI"]["missing"].startswith("run `pyxie loaders fetch`, ")
