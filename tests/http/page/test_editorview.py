"""A machine's file as it is edited."""

from __future__ import annotations

from pyxie.http.page.editorview import editor
from pyxie.http.page.filelines import Changed, Mistake
from tests.http.page.test_commandline import parsed

WHERE = ("web01", "/page/machines/web01", "machines/web01.yaml", "etag")


class TestTheField:
    def test_is_as_long_as_the_file_within_bounds(self) -> None:
        assert editor(*WHERE, "a\n").rows == 12
        assert editor(*WHERE, "a\n" * 20).rows == 22
        assert editor(*WHERE, "a\n" * 9000).rows == 40


class TestMistakes:
    def test_stand_beside_the_lines_of_what_was_typed(self) -> None:
        wrong = Mistake(2, 1, "kernle: unknown key")

        view = editor(*WHERE, "hostname: web01\nkernle: x\n", mistakes=[wrong], checked=True)

        assert view.listed is not None
        assert [line.mistakes for line in view.listed.lines] == [(), (wrong,)]
        assert not view.checked

    def test_are_not_listed_where_there_are_none(self) -> None:
        view = editor(*WHERE, "hostname: web01\n", checked=True, elsewhere=["a\x1b"])

        assert view.listed is None
        assert view.checked
        assert view.elsewhere == ("a\ufffd",)


class TestTwoWhoEdit:
    def test_the_second_is_shown_what_the_first_wrote(self) -> None:
        view = editor(*WHERE, "a: 1\n", theirs="a: 2\n")

        assert view.theirs is not None
        assert [line.text for line in view.theirs.file.lines] == ["a: 2"]
        assert view.theirs.changes == (
            Changed("", "…"),
            Changed("-", "a: 2"),
            Changed("+", "a: 1"),
        )


def test_the_command_that_does_the_same_is_one() -> None:
    assert parsed(editor(*WHERE, "").command)[0] == "edit"
