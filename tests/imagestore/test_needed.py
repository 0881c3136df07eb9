"""Which copies builds need."""

from __future__ import annotations

from pathlib import Path

from pyxie.imagestore.entry import key_of
from pyxie.imagestore.needed import needed_by
from pyxie.outbound.reach import Reach
from tests.http.site import ALL_LOCAL, HOST, LOCAL, serving

BASE = "http://files.internal:81/bookworm/amd64"


async def test_are_those_of_machines_in_build_mode(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        needed = needed_by(served.parts.index.active_now, served.parts.definitions)
        before = await needed()
        await served.build()

        assert before == {}
        assert await needed() == {
            key_of(f"{BASE}/linux", Reach.ANYWHERE): [HOST],
            key_of(f"{BASE}/initrd.gz", Reach.ANYWHERE): [HOST],
        }


async def test_are_none_of_this_hosts_own_files(tmp_path: Path) -> None:
    (tmp_path / "images/deb").mkdir(parents=True)
    for name in ("deb/linux", "deb/initrd.gz", "firmware.cpio"):
        (tmp_path / "images" / name).touch()
    async with serving(tmp_path, config=ALL_LOCAL, machine=LOCAL) as served:
        await served.build()

        needed = needed_by(served.parts.index.active_now, served.parts.definitions)
        assert await needed() == {}
