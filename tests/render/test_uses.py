"""What a text was rendered from is noted, and once an input is another one, that is seen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyxie.render.strict import Renderer
from pyxie.render.uses import MOST_TEMPLATES, Uses, noting, state_of


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    os.utime(folder / name, ns=(0, 0))  # as `cp -p` of equally old ones would


def rendered(renderer: Renderer, name: str) -> tuple[str, Uses]:
    with noting() as uses:
        return renderer.template(name, {}), uses


class TestATemplateThatIsUsedOften:
    def test_is_looked_at_once(self, tmp_path: Path) -> None:
        write(tmp_path, "a.j2", "text")
        place = str(tmp_path / "a.j2")
        uses = Uses()
        for _ in range(1000):
            uses.add({place: state_of(place)})

        assert uses.are_current()
        assert list(uses.files) == [place]

    def test_is_never_the_same_once_it_was_edited_meanwhile(self, tmp_path: Path) -> None:
        place = str(tmp_path / "a.j2")
        uses = Uses()
        uses.add({place: state_of(place)})
        write(tmp_path, "a.j2", "text")

        uses.add({place: state_of(place)})

        assert not uses.lasting

    def test_does_not_keep_its_text_from_being_kept(self, tmp_path: Path) -> None:
        write(tmp_path, "i.j2", "i")
        write(tmp_path, "a.j2", "{% for _ in range(1000) %}{% include 'i.j2' %}{% endfor %}")

        _, uses = rendered(Renderer([tmp_path]), "a.j2")

        assert uses.lasting


@pytest.mark.parametrize(("templates", "lasting"), [(0, True), (1, False)])
def test_a_text_of_too_many_templates_is_never_the_same(
    tmp_path: Path, templates: int, lasting: bool
) -> None:
    parts = MOST_TEMPLATES - 1 + templates  # beside the one that includes them
    for at in range(parts):
        write(tmp_path, f"{at}.j2", "i")
    source = f"{{% for at in range({parts}) %}}{{% include at ~ '.j2' %}}{{% endfor %}}"
    write(tmp_path, "a.j2", source)

    text, uses = rendered(Renderer([tmp_path]), "a.j2")

    assert (text, uses.lasting) == ("i" * parts, lasting)


def test_what_an_imported_template_imports_is_noted_each_time(tmp_path: Path) -> None:
    write(tmp_path, "inner.j2", "{% set x = 'one' %}")
    write(tmp_path, "macros.j2", "{% from 'inner.j2' import x %}{% set y = x %}")
    write(tmp_path, "a.j2", "{% from 'macros.j2' import y %}{{ y }}")
    renderer = Renderer([tmp_path])
    rendered(renderer, "a.j2")
    text, uses = rendered(renderer, "a.j2")
    assert (text, uses.are_current()) == ("one", True)

    (tmp_path / "inner.j2").unlink()

    assert not uses.are_current()


class TestAFile:
    def test_that_another_of_the_same_age_replaces_is_another(self, tmp_path: Path) -> None:
        write(tmp_path, "a.j2", "one")
        write(tmp_path, "new", "two")
        _, uses = rendered(Renderer([tmp_path]), "a.j2")
        assert uses.are_current()

        (tmp_path / "new").replace(tmp_path / "a.j2")

        assert not uses.are_current()

    def test_that_has_gone_is_not_current(self, tmp_path: Path) -> None:
        write(tmp_path, "a.j2", "one")
        _, uses = rendered(Renderer([tmp_path]), "a.j2")

        (tmp_path / "a.j2").unlink()
        (tmp_path / "a.j2").mkdir()

        assert not uses.are_current()
