"""Which loaders there are, for whom, and which are missing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pyxie.loaders.folders import Loaders
from pyxie.loaders.listing import Listed, listed
from pyxie.loaders.signers import Signer
from tests.loaders.programs import BIOS
from tests.loaders.signed import program, signature


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "ipxe").mkdir()
    return tmp_path / "ipxe"


def rows(own: Path, client: str) -> list[Listed]:
    found = listed(Loaders(lambda: own, [own.parent / "lib"]), own)
    return [each for each in found if each.client == client]


def test_the_usual_one_comes_first_with_its_signers_and_where_it_lies(own: Path) -> None:
    (own.parent / "lib").mkdir()
    signed = program(signature(), sbat="sbat,1\nipxe,1,iPXE,ipxe,2.0.0,https://ipxe.org\n")
    (own / "snponly.efi").write_bytes(signed)
    (own / "bootnetx64.efi").write_bytes(program())
    (own.parent / "lib/snp-x86_64.efi").write_bytes(program())

    usual, *others = rows(own, "x64 UEFI")

    assert usual == Listed(
        "x64 UEFI",
        (0x07, 0x09, 0x10),
        name="snponly.efi",
        path=own / "snponly.efi",
        size=len(signed),
        version="2.0.0",
        signers=(Signer("A Signer", "A CA", date(2038, 6, 13)),),
        usual=True,
    )
    assert [(each.name, each.usual, each.signers) for each in others] == [
        ("bootnetx64.efi", False, ()),
        ("snp-x86_64.efi", False, ()),
    ]


def test_what_is_not_called_as_a_loader_is_none_of_a_bios(own: Path) -> None:
    (own / "undionly.kpxe").write_bytes(BIOS)
    (own / "notes.txt").write_bytes(b"where these are from")

    assert [each.name for each in rows(own, "BIOS")] == ["undionly.kpxe"]


@pytest.mark.parametrize(
    ("client", "said"),
    [
        ("BIOS", "put undionly.kpxe into {own}, out of the package 'ipxe'"),
        ("arm64 UEFI", "put ipxe-arm64.efi into {own}, out of the package 'ipxe' of Debian 13"),
        ("riscv64 UEFI", "run `pyxie loaders fetch`, which puts iPXE's own release into {own}"),
        ("Raspberry Pi", "put bootcode.bin into {own}, out of the Pi's own firmware"),
    ],
)
def test_who_has_none_is_told_what_brings_one(own: Path, client: str, said: str) -> None:
    [row] = rows(own, client)

    assert row.name == ""
    assert row.missing.startswith(said.format(own=own))


def test_one_that_is_gone_meanwhile_or_cannot_be_read_is_left_out(own: Path) -> None:
    for name in ("ipxe.efi", "snponly.efi"):
        (own / name).write_bytes(program())
    loaders = Loaders(lambda: own, [])
    (own / "ipxe.efi").unlink()
    (own / "snponly.efi").unlink()
    (own / "snponly.efi").mkdir()

    assert [each.name for each in listed(loaders, own) if each.client == "x64 UEFI"] == []
