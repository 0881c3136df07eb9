"""The way into the program."""

from __future__ import annotations

import gc
import sys
from types import ModuleType
from typing import NoReturn

import pytest

from pyxie.__main__ import main


class _Interrupted(ModuleType):
    def __getattr__(self, _name: str) -> NoReturn:
        raise KeyboardInterrupt


def test_ctrl_c_while_it_is_loaded_ends_it_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pyxie.cli", _Interrupted("pyxie.cli"))
    monkeypatch.setattr("pyxie.latemethods.install", lambda: None)
    monkeypatch.setattr(gc, "freeze", lambda: None)  # which would be for all tests

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 130
