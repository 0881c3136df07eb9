"""A script is read piece by piece, and comes to the same commands as in one go."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.shipped import shipped
from pyxie.wiping.shellparts import chunks, commands, pieces, variables

SCRIPTS = st.lists(
    st.sampled_from(
        (
            *("'", '"', "\\", "\n", "#", ";", "&", "|", "(", ")", "`", "<", ">", ">|", ">&", "$("),
            *(
                " ",
                "\t",
                "a",
                "b=",
                "$b",
                "${b}",
                "é",
                "# it's",
                "\\\n",
                '"$(dd of=/dev/sda)"',
                "'x'",
            ),
        )
    ),
    max_size=30,
).map("".join)


def by_piece(text: str) -> list[list[str]]:
    return [words for chunk in chunks(text) for words in commands(chunk)]


class TestForAnyScript:
    @given(SCRIPTS | st.text(max_size=40))
    def test_the_pieces_are_all_of_it(self, text: str) -> None:
        assert "".join(chunks(text)) == text
        assert "".join(pieces(text)) == text
        assert [each for piece in pieces(text) for each in chunks(piece) if each] == [
            each for each in chunks(text) if each
        ]

    @given(SCRIPTS | st.text(max_size=40))
    def test_the_commands_of_the_pieces_are_those_of_the_whole(self, text: str) -> None:
        assert by_piece(text) == list(commands(text))


@pytest.mark.parametrize("template", sorted(shipped("templates").iterdir()), ids=lambda it: it.name)
def test_those_of_the_templates_that_are_shipped_too(template: Path) -> None:
    text = template.read_text()

    assert by_piece(text) == list(commands(text))
    assert len(list(chunks(text))) > 1


def test_variables_are_found_in_words() -> None:
    assert variables(["a$b", "${c}d", "$", "plain", "$e$f"]) == {"b", "c", "e", "f"}
