"""Which systems there are, and what of other servers' they boot."""

from __future__ import annotations

from pathlib import Path

from pyxie.http.page.systemsknown import systems
from pyxie.imagestore.entry import key_of
from pyxie.outbound.reach import Reach
from tests.http.site import serving

OWN = """\
version: 1
title: Own
unverified: true
kernel: http://me:sesame@m.example/linux
initrd: mine.gz
"""


class TestSystems:
    async def test_are_those_of_pyxie_and_ones_own_with_their_files(self, tmp_path: Path) -> None:
        (tmp_path / "recipes").mkdir()
        (tmp_path / "recipes/own.yaml").write_text(OWN)
        (tmp_path / "recipes/broken.yaml").write_text("version: 7\n")
        async with serving(tmp_path) as site:
            found = {(each.name, each.arch): each for each in systems(site.parts.machines().shared)}

        own = found["own", "amd64"]
        assert (own.own, own.seen, own.title) == (True, None, "Own")
        (kernel,) = own.files
        assert (kernel.part, kernel.url) == ("kernel", "http://m.example/linux")
        assert kernel.key == key_of("http://me:sesame@m.example/linux", Reach.ANYWHERE)
        assert found["broken", ""].problem.startswith("the recipe of 'broken' has mistakes")
        debian = found["debian-12", "amd64"]
        assert not debian.own
        assert debian.seen is not None
        assert [each.part for each in debian.files][:2] == ["kernel", "initrd 0"]
        assert found["debian-12", "arm64"].files != debian.files
