"""iPXE's release archive from its server: whole, bounded, or a sentence that says what to do."""

from __future__ import annotations

import pytest

from pyxie.loaders import archivefetch
from pyxie.loaders.archivefetch import ArchiveFetchError, fetched
from pyxie.outbound.proxies import DIRECTLY
from tests.http.upstream import File, mirror

NAME = "ipxeboot.tar.gz"


async def got(file: File, *, silence: float = 5) -> tuple[bytes, list[tuple[int, int | None]]]:
    told: list[tuple[int, int | None]] = []
    async with mirror({NAME: file, "other": b"x" * 3000}) as there:
        data = await fetched(
            f"{there.url}/{NAME}",
            DIRECTLY,
            None,
            lambda count, of: told.append((count, of)),
            silence=silence,
        )
    return data, told


async def refused(file: File, *, silence: float = 5) -> str:
    with pytest.raises(ArchiveFetchError) as caught:
        await got(file, silence=silence)
    return str(caught.value)


async def test_it_is_given_whole_and_how_far_it_has_come_is_told() -> None:
    data, told = await got(b"x" * 3000)

    assert data == b"x" * 3000
    assert told[-1] == (3000, 3000)


async def test_a_redirect_is_followed_as_releases_have_them() -> None:
    data, _ = await got("/other")

    assert data == b"x" * 3000


async def test_one_that_is_not_there_is_told_with_the_servers_word() -> None:
    assert (await refused(404)).endswith(f"/{NAME}: its server answered 404 Not Found")


async def test_more_than_any_archive_has_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archivefetch, "MOST_PACKED", 2000)

    assert "is larger than" in await refused(b"x" * 3000)


async def test_a_server_that_falls_silent_is_given_up() -> None:
    said = await refused(("stops", b"x" * 30_000), silence=0.2)

    assert said.endswith(": its server sent nothing for 0.2 s; try again")


async def test_one_that_cannot_be_reached_is_told_with_the_way_out() -> None:
    with pytest.raises(ArchiveFetchError, match="fetch it where there is internet, and name the"):
        await fetched(f"http://127.0.0.1:1/{NAME}", DIRECTLY, None, lambda _there, _of: None)


async def test_one_that_breaks_off_is_none() -> None:
    assert "cannot be fetched, " in await refused(("length", b"x" * 3000))
