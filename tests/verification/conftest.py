"""What these tests share: making keys takes a second."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.verification.signers import LONG_AGO, Signers, signers


@dataclass(frozen=True)
class Keys:
    """Who signs.

    Attributes:
        signers: Has them sign: ``mirror``, ``stranger``, and ``old``, whose key has expired.
        mirror, stranger, old: The keys.
    """

    signers: Signers
    mirror: bytes
    stranger: bytes
    old: bytes


@pytest.fixture(scope="session")
def keys() -> Iterator[Keys]:
    with signers() as made:
        yield Keys(
            made,
            made.key("mirror", at=LONG_AGO),
            made.key("stranger"),
            made.key("old", at=LONG_AGO, lasts="2d"),
        )
