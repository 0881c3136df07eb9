"""The contents that were handed over."""

from __future__ import annotations

import itertools

import pytest

from pyxie.bounds import TFTP_FILES_APART
from pyxie.tftp.files import Content
from pyxie.tftp.handed import Handed


class Open(Content):
    """One that tells whether it is closed."""

    def __init__(self) -> None:
        super().__init__(1, data=b"a", at_end=self._note)
        self.is_closed = False

    def _note(self) -> None:
        self.is_closed = True


@pytest.fixture
def handed() -> Handed:
    return Handed(itertools.count(1).__next__)


def begun(handed: Handed, content: Content) -> int:
    number = handed.number(content)
    handed.begins(content, number)
    return number


def test_one_has_one_number_for_all_its_transfers(handed: Handed) -> None:
    content, other = Open(), Open()

    assert [begun(handed, each) for each in (content, other, content)] == [1, 2, 1]
    assert (len(handed), content in handed, Open() in handed) == (2, True, False)


def test_one_that_nobody_uses_is_closed_after_the_second_look(handed: Handed) -> None:
    content = Open()
    begun(handed, content)
    content.close()
    assert handed.unused() == []

    handed.ends(content)
    first = handed.unused()

    assert (first, content.is_closed) == ([], False)
    assert (handed.unused(), content.is_closed) == ([1], True)
    assert begun(handed, content) == 2


def test_one_that_somebody_has_asked_for_between_stays(handed: Handed) -> None:
    content = Open()
    begun(handed, content)
    handed.ends(content)
    handed.unused()

    begun(handed, content)
    handed.ends(content)

    assert handed.unused() == []


def test_there_is_room_for_so_many(handed: Handed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TFTP_FILES_APART, "most", 1)
    content, before = Open(), TFTP_FILES_APART.times
    assert handed.has_room(content)
    begun(handed, content)

    assert (handed.has_room(content), handed.has_room(Open())) == (True, False)
    assert TFTP_FILES_APART.times == before + 1


def test_all_are_closed_with_the_process(handed: Handed) -> None:
    content = Open()
    begun(handed, content)
    content.close()

    handed.clear()

    assert (len(handed), content.is_closed) == (0, True)
