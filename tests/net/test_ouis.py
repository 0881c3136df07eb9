"""Who made a network card."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyxie.net.ouis import LIST, makers
from tests.needs import missing

BLOCKS = {
    "000000": "XEROX CORPORATION",
    "00155D": "Microsoft Corporation",
    "70B3D5": "IEEE Registration Authority",
    "70B3D5E12": "SNK, Inc.",
    "8C1CDA0": "Somebody GmbH & Co. <KG>",
    "FCFFAA": "IEEE Registration Authority",
}


def written(folder: Path, text: str | None = None) -> Path:
    """Write a list as systemd has it."""
    file = folder / "20-OUI.hwdb"
    entries = (f"OUI:{block}*\n ID_OUI_FROM_DATABASE={name}\n" for block, name in BLOCKS.items())
    file.write_text(
        "# This file is part of systemd.\n\n" + "\n".join(entries) if text is None else text
    )
    return file


class TestAMaker:
    @pytest.mark.parametrize(
        ("mac", "name"),
        [
            ("00:00:00:00:00:01", "XEROX CORPORATION"),
            ("00:15:5d:01:02:03", "Microsoft Corporation"),
            ("70:b3:d5:e1:2a:bc", "SNK, Inc."),
            ("70:b3:d5:e1:3a:bc", "IEEE Registration Authority"),
            ("8c:1c:da:0f:00:00", "Somebody GmbH & Co. <KG>"),
            ("fc:ff:aa:00:00:00", "IEEE Registration Authority"),
        ],
    )
    def test_is_that_of_the_narrowest_block(self, tmp_path: Path, mac: str, name: str) -> None:
        assert makers([mac], written(tmp_path)) == {mac: name}

    @pytest.mark.parametrize(
        "mac", ["00:00:01:00:00:00", "52:54:00:12:34:56", "ff:ff:ff:ff:ff:ff", "8c:1c:da:1f:00:00"]
    )
    def test_of_no_block_is_not_told(self, tmp_path: Path, mac: str) -> None:
        assert makers([mac], written(tmp_path)) == {}

    @pytest.mark.parametrize(
        "text",
        ["", "x", "\nOUI:00155D*", "\nOUI:00155D*\n", "\nOUI:00155D*\n ID_MODEL=x\n",
         "\nOUI:00155D*\n ID_OUI_FROM_DATABASE=a\x1b[31mb\n"],
    )  # fmt: skip
    def test_of_another_file_is_not_told(self, tmp_path: Path, text: str) -> None:
        assert makers(["00:15:5d:01:02:03"], written(tmp_path, text)) == {}

    def test_without_the_list_is_not_told(self, tmp_path: Path) -> None:
        assert makers(["00:15:5d:01:02:03"], tmp_path / "none") == {}
        assert makers(["00:15:5d:01:02:03"], tmp_path) == {}

    def test_is_in_the_list_of_the_host(self) -> None:
        if not LIST.exists():
            missing("needs Debian's package udev")
        macs = ["00:00:00:00:00:01", "00:15:5d:01:02:03", "b8:27:eb:00:00:01", "fc:ff:aa:00:00:00"]

        found = makers(macs)

        assert found["00:15:5d:01:02:03"] == "Microsoft Corporation"
        assert found["b8:27:eb:00:00:01"].startswith("Raspberry Pi")
