"""Where a fault is to be mended: what `pyxie check` tells of whole sites is in test_checking.py."""

from __future__ import annotations

from pathlib import Path

from pyxie.config.settings import load_marked
from pyxie.errors import ExhaustedError, NotServedError, RenderError
from pyxie.mending import Mending
from pyxie.registry.define import common
from pyxie.registry.folder import Folder
from tests.http.site import HOST, MACHINE, lay


def mending(folder: Path, machine: str = MACHINE) -> Mending:
    settings, document = load_marked(lay(folder, machine=machine))
    shared = common(settings, document)
    registry = Folder(settings.machinepath, shown=Path("machines"), shared=shared).scan()
    definition = registry.define(registry.machines[HOST])
    return Mending(settings, definition, registry.documents[HOST])


class TestAFault:
    def test_of_a_template_is_in_that_at_its_line(self, tmp_path: Path) -> None:
        found = mending(tmp_path).problem(RenderError("bookworm.j2", 3, "'disk' is not there"))

        assert (
            str(found) == f"{tmp_path}/templates/bookworm.j2:3:1: 'disk' is not there, for {HOST}"
        )

    def test_of_a_command_line_is_where_the_machines_file_has_it(self, tmp_path: Path) -> None:
        found = mending(tmp_path).problem(RenderError("cmdline", 1, "'disk' is not there"))

        assert str(found).startswith(f"machines/{HOST}.yaml:5:10: cmdline: ")

    def test_of_a_template_that_never_ends_is_where_that_is_named(self, tmp_path: Path) -> None:
        found = mending(tmp_path).problem(ExhaustedError("bookworm.j2", 0, "takes over 10 s"))

        assert (found.line, found.key) == (3, "preseed")
        assert "takes over 10 s" in found.sentence

    def test_of_a_file_that_is_not_there_is_where_it_is_named(self, tmp_path: Path) -> None:
        found = mending(tmp_path).problem(NotServedError("linux", "is not there"))

        assert (found.line, found.key) == (7, "kernel")
