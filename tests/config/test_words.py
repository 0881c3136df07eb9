"""The words for client architectures in the operator's files."""

from __future__ import annotations

import pytest

from pyxie.architectures import BY_IPXE
from pyxie.config.words import architectures


def test_a_word_for_an_architecture_is_one_row_over_any_transport() -> None:
    assert architectures("x64 UEFI") == {0x07, 0x09, 0x10}
    assert architectures("BIOS") == {0x00, 0x14}
    assert architectures("uefi") > architectures("arm64 uefi")
    assert architectures("0x0007") == {0x07}


def test_ipxes_names_of_its_builds_are_words_too() -> None:
    assert architectures("x86_64-efi") == architectures("x64 UEFI")
    assert architectures("i386-pcbios") == architectures("BIOS")
    assert {code for word in BY_IPXE for code in architectures(word)} >= set(BY_IPXE.values())


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("x64 UEFY", "; did you mean 'x64 uefi'?"),
        ("x86_64-ef", "; did you mean 'x86_64-efi'?"),
        ("toaster", "; BIOS, UEFI and 'x64 UEFI' are"),
        ("0xffff", "; BIOS, UEFI and 'x64 UEFI' are"),
    ],
)
def test_any_other_is_none(word: str, hint: str) -> None:
    with pytest.raises(ValueError, match="no client architecture") as caught:
        architectures(word)

    assert str(caught.value) == f"{word!r} is no client architecture that pyxie knows{hint}"
