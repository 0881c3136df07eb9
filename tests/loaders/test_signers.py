"""Who signed a program (Microsoft's "Authenticode")."""

from __future__ import annotations

from datetime import date

import pytest

from pyxie.loaders.pe import read
from pyxie.loaders.signers import Signer, signers
from tests.loaders.signed import program, signature


def test_a_signer_is_named_with_its_ca_and_the_end_of_that() -> None:
    found = signers(read(program(signature())).signatures)

    assert found == (Signer("A Signer", "A CA", date(2038, 6, 13)),)


def test_of_a_ca_that_is_not_enclosed_the_end_is_not_known() -> None:
    """As Debian's, which is in its shim."""
    assert signers([signature(enclosed=False)]) == (Signer("A Signer", "A CA", None),)


def test_a_key_of_ones_own_is_its_own_ca() -> None:
    own = signature(enclosed=False, by="A CA")

    assert signers([own]) == (Signer("A CA", "A CA", date(2038, 6, 13)),)


@pytest.mark.filterwarnings("ignore:PKCS#7 certificates could not be parsed as DER")
@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"no signature", signature()[:-40]])
def test_a_signature_that_cannot_be_read_is_nobodys(der: bytes) -> None:
    assert signers([der, signature()]) == (Signer("A Signer", "A CA", date(2038, 6, 13)),)
