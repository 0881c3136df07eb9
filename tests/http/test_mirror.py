"""A distribution's files by way of pyxie, as installers ask for them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path

import pytest
from aiohttp import ClientPayloadError, web

from tests.http.site import CONFIG, HOST, Served, serving
from tests.support import eventually

DEB = "pool/main/h/hello/hello_1_all.deb"
INDEX = "dists/stable/InRelease"


@dataclass
class Archive:
    """A distribution's server, and what it was asked.

    Attributes:
        files: By path; of each its content, and when it was changed.
        moved: Where to, of what was.
        asked: Method, path and answer of each request.
    """

    files: dict[str, tuple[bytes, float]]
    url: str = ""
    asked: list[tuple[str, str, int]] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = request.raw_path.removeprefix("/debian/")
        found = self.files.get(path)
        status = 404 if found is None else 200
        since = request.if_modified_since
        if found is not None and since is not None and found[1] <= since.timestamp():
            status = 304
        self.asked.append((request.method, path, status))
        if path in self.moved:
            raise web.HTTPFound(self.moved[path])
        if found is None or status != 200:
            return web.Response(status=status)
        changed = formatdate(found[1], usegmt=True)
        return web.Response(body=found[0], headers={"Last-Modified": changed})


@asynccontextmanager
async def archive(files: dict[str, tuple[bytes, float]] | None = None) -> AsyncIterator[Archive]:
    """Serve an archive below ``/debian`` on a free port."""
    there = Archive({DEB: (b"a package", 1000.0), INDEX: (b"first", 1000.0), **(files or {})})
    app = web.Application()
    app.router.add_get("/{name:.*}", there.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        there.url = f"http://127.0.0.1:{runner.addresses[0][1]}/debian"
        yield there
    finally:
        await runner.cleanup()


@asynccontextmanager
async def mirroring(folder: Path, there: Archive, more: str = "") -> AsyncIterator[Served]:
    """Serve a site whose ``mirror`` is that archive, to strangers."""
    config = f"{CONFIG}mirror: {{debian: {there.url}/}}\n{more}"
    async with serving(folder, config=config, to_strangers=True) as served:
        yield served


async def had(served: Served, path: str, **headers: str) -> tuple[int, bytes]:
    """Ask for a file of the mirror; return status and body once it is kept."""
    answer = await served.get(f"/mirror/debian/{path}", **headers)
    await eventually(lambda: not served.parts.image_store.fetching())
    return answer.status, answer.body


class TestWhatNeverChanges:
    async def test_is_fetched_once(self, tmp_path: Path) -> None:
        async with archive() as there, mirroring(tmp_path, there) as served:
            first = await had(served, DEB)
            second = await had(served, DEB)

        assert first == second == (200, b"a package")
        assert there.asked == [("GET", DEB, 200)]

    async def test_is_one_fetch_for_all_who_ask_at_once(self, tmp_path: Path) -> None:
        async with archive() as there, mirroring(tmp_path, there) as served:
            got = await asyncio.gather(*(had(served, DEB) for _ in range(20)))

        assert set(got) == {(200, b"a package")}
        assert there.asked == [("GET", DEB, 200)]

    async def test_is_one_file_however_it_is_spelt(self, tmp_path: Path) -> None:
        path = "pool/main/g/g++_1~rc_all.deb"
        async with archive({path: (b"g++", 1.0)}) as there, mirroring(tmp_path, there) as served:
            first = await had(served, path)
            second = await had(served, "pool/main/g/g%2b%2b_1%7erc_all.deb")

        assert first == second == (200, b"g++")
        assert there.asked == [("GET", path, 200)]

    async def test_is_served_while_its_server_is_down(self, tmp_path: Path) -> None:
        async with archive() as there, mirroring(tmp_path, there) as served:
            await had(served, DEB)
        async with mirroring(tmp_path, there) as served:
            assert await had(served, DEB) == (200, b"a package")

    async def test_is_asked_about_for_who_doubts_it(self, tmp_path: Path) -> None:
        async with archive() as there, mirroring(tmp_path, there) as served:
            there.files[DEB] = (b"a login page", 500.0)
            await had(served, DEB)
            there.files[DEB] = (b"a package", 1000.0)
            before = await had(served, DEB)
            after = await had(served, DEB, Cache_Control="no-cache")

        assert (before, after) == ((200, b"a login page"), (200, b"a package"))

    async def test_goes_on_where_a_client_stopped(self, tmp_path: Path) -> None:
        async with archive() as there, mirroring(tmp_path, there) as served:
            cold = await had(served, DEB, Range="bytes=2-")
            kept = await had(served, DEB, Range="bytes=2-")

        assert cold == kept == (206, b"package")
        assert there.asked == [("GET", DEB, 200)]


def named(data: bytes) -> str:
    """Return the path of an index that is called by its digest."""
    return f"dists/stable/main/binary-amd64/by-hash/SHA256/{hashlib.sha256(data).hexdigest()}"


class TestByItsDigest:
    PATH = named(b"an index")

    async def test_is_fetched_once(self, tmp_path: Path) -> None:
        files = {self.PATH: (b"an index", 1.0)}
        async with archive(files) as there, mirroring(tmp_path, there) as served:
            first = await had(served, self.PATH)
            second = await had(served, self.PATH)

        assert first == second == (200, b"an index")
        assert there.asked == [("GET", self.PATH, 200)]

    @pytest.mark.parametrize("more", ["", "image_store: {size: 0}\n"])
    async def test_that_is_something_else_is_neither_given_nor_kept(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, more: str
    ) -> None:
        """A page that asks for a login, say, or what is left of one that broke off."""
        files = {self.PATH: (b"a page", 1.0)}
        async with archive(files) as there, mirroring(tmp_path, there, more) as served:
            with pytest.raises(ClientPayloadError):
                await had(served, self.PATH)
            there.files[self.PATH] = (b"an index", 2.0)
            right = await had(served, self.PATH)

        assert right == (200, b"an index")
        digest = hashlib.sha256(b"a page").hexdigest()
        named_so = self.PATH.rpartition("/")[2]
        assert f"is {digest}, and should be {named_so} by its name" in caplog.text


class TestIndex:
    async def test_is_asked_about_each_time(self, tmp_path: Path) -> None:
        async with archive() as there, mirroring(tmp_path, there) as served:
            first = await had(served, INDEX)
            second = await had(served, INDEX)
            there.files[INDEX] = (b"second", 2000.0)
            third = await had(served, INDEX)

        assert (first, second, third) == ((200, b"first"), (200, b"first"), (200, b"second"))
        assert [status for _, _, status in there.asked] == [200, 304, 200]

    async def test_that_a_client_has_is_not_sent_again(self, tmp_path: Path) -> None:
        """As apt asks: it is 304 whether the copy is there by then or not."""
        since = formatdate(1000.0, usegmt=True)
        async with archive() as there, mirroring(tmp_path, there) as served:
            cold = await had(served, INDEX, If_Modified_Since=since)
            kept = await had(served, INDEX, If_Modified_Since=since)
            there.files[INDEX] = (b"second", 2000.0)
            changed = await had(served, INDEX, If_Modified_Since=since)

        assert (cold, kept, changed) == ((304, b""), (304, b""), (200, b"second"))

    async def test_is_the_copy_while_its_server_is_down(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with archive() as there, mirroring(tmp_path, there) as served:
            await had(served, INDEX)
        async with mirroring(tmp_path, there) as served:
            assert await had(served, INDEX) == (200, b"first")

        assert "mirror: " in caplog.text
        assert "; the copy is served" in caplog.text


class TestMirror:
    async def test_is_404_where_its_server_has_no_such_file(self, tmp_path: Path) -> None:
        async with archive() as there, mirroring(tmp_path, there) as served:
            assert (await had(served, "dists/none/InRelease"))[0] == 404

        assert there.asked == [("GET", "dists/none/InRelease", 404)]

    async def test_is_502_where_its_server_does_not_answer(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with archive() as there:
            pass
        async with mirroring(tmp_path, there) as served:
            status, body = await had(served, INDEX)

        assert (status, body) == (
            502,
            b"the mirror's file: cannot be fetched; `pyxie events` says why\n",
        )
        assert f"mirror: {there.url}/{INDEX}: " in caplog.text

    @pytest.mark.parametrize(
        "path",
        [
            "debian/../secret",
            "debian/pool/%2e%2e/%2e%2e/secret",
            "debian/pool%2f..%2f..%2fsecret",
            "debian/pool//x.deb",
            f"debian/{DEB}?x=1",
            "debian/http://127.0.0.1/x",
            "debian/" + "a" * 600,
            "ubuntu/pool/x.deb",
            "debian/",
        ],
    )
    async def test_leads_nowhere_else(self, tmp_path: Path, path: str) -> None:
        async with archive() as there, mirroring(tmp_path, there) as served:
            answer = await served.get(f"/mirror/{path}")

        assert answer.status == 404
        assert there.asked == []

    async def test_is_none_where_the_settings_name_none(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            assert (await served.get(f"/mirror/debian/{DEB}")).status == 404

    async def test_streams_where_no_copies_are_kept(self, tmp_path: Path) -> None:
        off = "image_store: {size: 0}\n"
        async with archive() as there, mirroring(tmp_path, there, off) as served:
            assert await had(served, DEB) == (200, b"a package")
            assert await had(served, "pool/x.deb") != (200, b"")

        assert [status for _, _, status in there.asked] == [200, 404]

    async def test_follows_no_redirect_to_this_host(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with archive() as inner, archive() as there, mirroring(tmp_path, there) as served:
            there.moved["pool/moved.deb"] = f"{inner.url}/{DEB}"
            status, _ = await had(served, "pool/moved.deb")

        assert status == 502
        assert inner.asked == []
        assert "leads to 127.0.0.1, an address of this host" in caplog.text

    async def test_that_is_pyxie_itself_is_a_circle_that_ends(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with serving(tmp_path) as served:
            config = f"{CONFIG}mirror: {{debian: {served.url}/mirror/debian}}\n"
            (tmp_path / "config.yaml").write_text(config)
            assert await served.parts.settings.reload()
            async with asyncio.timeout(60):
                status, _ = await had(served, DEB)

        assert status == 502
        assert "leads back to pyxie itself, in a circle" in caplog.text

    async def test_is_answered_by_the_next_server_where_one_is_down(self, tmp_path: Path) -> None:
        async with archive() as down:
            pass
        async with archive() as there:
            config = f"{CONFIG}mirror: {{debian: [{down.url}, {there.url}]}}\n"
            async with serving(tmp_path, config=config) as served:
                assert await had(served, DEB) == (200, b"a package")


PRESEED = (Path(__file__).parents[2] / "templates/d-i.mirror.j2").read_text()


class TestPreseed:
    @pytest.mark.parametrize(
        ("params", "mirror", "host", "path"),
        [
            ("x: y", "http://ftp.example/debian", "boot.internal:8090", "/mirror/debian"),
            ("x: y", "", "mirrors.kernel.org", "/debian"),
            (
                "mirror_host: a.example",
                "http://a.example/debian",
                "boot.internal:8090",
                "/mirror/debian",
            ),
            ("mirror_host: ours.example", "http://ftp.example/debian", "ours.example", "/debian"),
        ],
    )
    async def test_points_to_the_mirror(
        self, tmp_path: Path, params: str, mirror: str, host: str, path: str
    ) -> None:
        config = CONFIG.replace('mirror: "deb.internal"', params)
        config += f"mirror: {{debian: {mirror}}}\n" if mirror else ""
        async with serving(tmp_path, config=config, preseed=PRESEED) as served:
            token = await served.build()
            text = (await served.get(f"/template/preseed/{HOST}/{token}")).text

        assert text.split() == [
            *("d-i", "mirror/http/hostname", "string", host),
            *("d-i", "mirror/http/directory", "string", path),
        ]
