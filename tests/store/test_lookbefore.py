"""The look before a write: what it says comes out, and one that hangs has nothing written later."""

from __future__ import annotations

import pytest

from pyxie.store.lookbefore import GivenUpError, LookBefore


class HangsError(Exception):
    pass


class TestALook:
    def test_that_finds_nothing_lets_it_be_written_and_hangs_no_more(self) -> None:
        look = LookBefore(lambda: None, HangsError)

        look.check()  # it waits for its turn
        look()
        look.check()

    def test_raises_what_it_finds(self) -> None:
        def found() -> None:
            raise OSError("gone")

        with pytest.raises(OSError, match="gone"):
            LookBefore(found, HangsError)()

    def test_that_hangs_is_told_once_and_has_nothing_written(self) -> None:
        def hang() -> None:
            with pytest.raises(HangsError):
                look.check()
            look.check()

        look = LookBefore(hang, HangsError)

        with pytest.raises(GivenUpError):
            look()
