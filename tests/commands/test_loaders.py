"""`pyxie loaders`: which there are, for whom, and what is missing."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.commandline import Ran, Runner, clean, pyxie
from tests.fakedaemon import answered, fake_daemon

__all__ = ["clean", "pyxie"]

SIGNED: dict[str, Any] = {
    "client": "x64 UEFI",
    "codes": [7, 9, 16],
    "name": "sb/snponly.efi",
    "path": "/etc/pyxie/ipxe/sb/snponly.efi",
    "size": 254_976,
    "version": "2.0.0",
    "signers": [
        {"name": "A signer", "ca": "An old CA", "expires": "2026-06-27"},
        {"name": "Another", "ca": "A new CA", "expires": None},
    ],
    "usual": True,
    "missing": "",
}
PLAIN = {**SIGNED, "name": "ipxe.efi", "path": "/usr/lib/ipxe/ipxe.efi", "size": 1_044_992}
PLAIN |= {"version": "", "signers": [], "usual": False}
ABSENT = {**PLAIN, "client": "arm64 UEFI", "name": "", "path": "", "size": 0}
ABSENT |= {"missing": "put ipxe-arm64.efi into ipxe, out of a package"}
SIGNERS = "An old CA (until 2026-06-27), A new CA"


def called(pyxie: Runner, *words: str) -> Ran:
    answer = answered({"loaders": [SIGNED, PLAIN, ABSENT]})
    with fake_daemon({"GET /api/v1/loaders": answer}) as daemon:
        return pyxie("loaders", *words, "--url", daemon.url)


def test_each_is_told_with_its_signers_and_what_is_missing(pyxie: Runner) -> None:
    ran = called(pyxie)

    assert [re.split(r" {2,}", line) for line in ran.out.splitlines()] == [
        ["x64 UEFI", "sb/snponly.efi", "/etc/pyxie/ipxe", "255.0 kB", "2.0.0", SIGNERS],
        ["x64 UEFI", "ipxe.efi (if asked for)", "/usr/lib/ipxe", "1.0 MB", "-", "nobody"],
    ]
    assert ran.err == (
        "pyxie: none for arm64 UEFI: put ipxe-arm64.efi into ipxe, out of a package\n"
    )


def test_scripts_get_the_answer_itself(pyxie: Runner) -> None:
    assert json.loads(called(pyxie, "--json").out) == {"loaders": [SIGNED, PLAIN, ABSENT]}
