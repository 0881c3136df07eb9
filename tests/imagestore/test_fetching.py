"""One file on its way, from servers that do as they like."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pyxie.bounds import IMAGE_NEXT
from pyxie.images.upstream import BrokenOffError, UpstreamError
from pyxie.imagestore import fetching
from pyxie.imagestore.growth import UncachedError
from tests.imagestore.liar import Answer, Asked, head, liar, says, whole
from tests.imagestore.stores import got, kept, lies, only, store
from tests.support import eventually

FILE = bytes(range(256)) * 8192
HALF = len(FILE) // 2
OTHER = FILE[: HALF // 2] + bytes(len(FILE) - HALF // 2)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_WAITS", (0.0, 0.0))


class TestOneThatWasBrokenOff:
    async def test_goes_on_where_it_stopped(self, tmp_path: Path) -> None:
        async with (
            liar(whole(FILE, cut=HALF), whole(FILE)) as there,
            store(tmp_path, asks=there) as made,
        ):
            assert await kept(made, f"{there.url}/linux") == FILE

            first, second = there.asked
            assert "range" not in first.headers
            assert 0 < second.start <= HALF
            assert second.headers["if-range"] == '"one"'

    async def test_goes_on_as_often_as_some_of_it_comes(self, tmp_path: Path) -> None:
        async with (
            liar(whole(FILE, cut=len(FILE) // 6)) as there,
            store(tmp_path, asks=there) as made,
        ):
            assert await kept(made, f"{there.url}/linux") == FILE

            assert len(there.asked) >= 6

    async def test_is_held_byte_by_byte_to_what_is_sent_again(self, tmp_path: Path) -> None:
        """A server without ranges, or without a validator, sends all of it from the start."""
        again = says("200 OK", FILE)
        cut = says("200 OK", FILE[:HALF], Content_Length=len(FILE))
        async with liar(slowly(cut), again) as there, store(tmp_path, asks=there) as made:
            assert await kept(made, f"{there.url}/linux") == FILE

            assert ["range" in each.headers for each in there.asked] == [False, False]

    @pytest.mark.parametrize("etag", ['"one"', '"two"', ""])
    async def test_and_then_is_another_is_served_to_nobody_as_whole(
        self, tmp_path: Path, etag: str
    ) -> None:
        """It may say that it is another, or not even know."""
        again = whole(OTHER, etag=etag or '"one"')
        if not etag:
            again = says("200 OK", OTHER)
        async with liar(whole(FILE, cut=HALF), again) as there, store(tmp_path, asks=there) as made:
            if etag == '"one"':  # only a checksum can tell
                assert len(await kept(made, f"{there.url}/linux")) == len(FILE)
                return
            with pytest.raises(BrokenOffError, match="was changed while it was fetched"):
                await got(made, f"{there.url}/linux")
            assert made.cache.entries() == []

            assert await kept(made, f"{there.url}/linux") == OTHER

    @pytest.mark.parametrize(
        "odd",
        [
            says("416 Range Not Satisfiable"),
            says("206 Partial Content", FILE[:10], Content_Range=f"bytes 0-9/{len(FILE)}"),
            says("206 Partial Content", FILE[HALF:]),
            says("206 Partial Content", b"x", Content_Range="bytes 5-2/1", ETag='"one"'),
        ],
    )
    async def test_is_asked_for_from_the_start_where_ranges_are_odd(
        self, tmp_path: Path, odd: Answer
    ) -> None:
        async with (
            liar(whole(FILE, cut=HALF), odd, whole(FILE)) as there,
            store(tmp_path, asks=there) as made,
        ):
            assert await kept(made, f"{there.url}/linux") == FILE

            assert [each.start > 0 for each in there.asked] == [False, True, False]

    async def test_is_given_up_when_nothing_more_comes(self, tmp_path: Path) -> None:
        refused = says("503 Service Unavailable")
        async with (
            liar(whole(FILE, cut=HALF), refused) as there,
            store(tmp_path, asks=there) as made,
        ):
            with pytest.raises(UpstreamError):
                await got(made, f"{there.url}/linux")

            assert made.cache.entries() == []
            assert lies(tmp_path) == {"blobs": 0, "partial": 2, "urls": 0}

    async def test_goes_on_after_a_restart(self, tmp_path: Path) -> None:
        async with liar(whole(FILE, cut=HALF), says("503 No")) as there:
            async with store(tmp_path, asks=there) as made:
                with pytest.raises(UpstreamError):
                    await got(made, f"{there.url}/linux")
            there.answers, there.asked = [whole(FILE)], []
            async with store(tmp_path) as made:
                assert await kept(made, f"{there.url}/linux") == FILE

            assert there.asked[0].start > 0
            assert lies(tmp_path) == {"blobs": 1, "partial": 0, "urls": 1}

    async def test_by_a_stop_goes_on_at_the_next_start(self, tmp_path: Path) -> None:
        async def stops(_: Asked, writer: asyncio.StreamWriter) -> None:
            writer.write(head("200 OK", Content_Length=len(FILE), ETag='"one"') + FILE[:HALF])
            await writer.drain()
            await asyncio.sleep(60)

        async with liar(stops, whole(FILE)) as there:
            async with store(tmp_path) as made:
                client = asyncio.create_task(got(made, f"{there.url}/linux"))
                await eventually(lambda: any(each.written for each in made.fetching()))
            with pytest.raises(UncachedError, match="pyxie is stopping"):
                await client
            async with store(tmp_path) as made:
                assert await kept(made, f"{there.url}/linux") == FILE

            assert there.asked[1].start > 0

    async def test_begins_anew_after_a_restart_if_it_is_another_by_then(
        self, tmp_path: Path
    ) -> None:
        async with liar(whole(FILE, cut=HALF), says("503 No")) as there:
            async with store(tmp_path, asks=there) as made:
                with pytest.raises(UpstreamError):
                    await got(made, f"{there.url}/linux")
            there.answers = [whole(OTHER, etag='"two"')]
            async with store(tmp_path) as made:
                assert await kept(made, f"{there.url}/linux") == OTHER


class TestLengths:
    async def test_that_are_not_reached_are_no_file(self, tmp_path: Path) -> None:
        short = says("200 OK", FILE[:HALF], Content_Length=len(FILE))
        async with liar(short) as there, store(tmp_path) as made:
            with pytest.raises(UpstreamError):
                await got(made, f"{there.url}/linux")

            assert made.cache.entries() == []

    async def test_that_are_not_said_are_known_at_the_end(self, tmp_path: Path) -> None:
        async def chunks(_: Asked, writer: asyncio.StreamWriter) -> None:
            writer.write(head("200 OK", Transfer_Encoding="chunked"))
            for at in range(0, len(FILE), HALF):
                writer.write(f"{HALF:x}\r\n".encode() + FILE[at : at + HALF] + b"\r\n")
            writer.write(b"0\r\n\r\n")
            await writer.drain()

        async with liar(chunks) as there, store(tmp_path) as made:
            assert await kept(made, f"{there.url}/linux") == FILE

    async def test_that_nobody_can_know_are_kept_by_nobody(self, tmp_path: Path) -> None:
        """Where the end of the connection is the end of the file, half of it looks like all."""

        async def until_closed(_: Asked, writer: asyncio.StreamWriter) -> None:
            writer.write(head("200 OK") + FILE)
            await writer.drain()

        async with liar(until_closed) as there, store(tmp_path) as made:
            with pytest.raises(UncachedError, match="does not say where it ends"):
                await got(made, f"{there.url}/linux")

    async def test_of_nothing_are_a_file_too(self, tmp_path: Path) -> None:
        async with liar(says("200 OK")) as there, store(tmp_path) as made:
            assert await kept(made, f"{there.url}/linux") == b""
            assert await got(made, f"{there.url}/linux") == b""
            assert len(there.asked) == 1


class TestMirrors:
    async def test_are_asked_in_their_order(self, tmp_path: Path) -> None:
        async with (
            liar(says("503 No")) as first,
            liar(whole(FILE)) as second,
            liar(whole(FILE)) as third,
            store(tmp_path) as made,
        ):
            found = await got(made, f"{first.url}/a", f"{second.url}/b", f"{third.url}/c")

            assert found == FILE
            assert [len(each.asked) for each in (first, second, third)] == [1, 1, 0]

    async def test_go_on_with_what_another_began(self, tmp_path: Path) -> None:
        async with (
            liar(whole(FILE, cut=HALF), says("503 No")) as first,
            liar(whole(FILE)) as second,
            store(tmp_path, asks=first) as made,
        ):
            assert await got(made, f"{first.url}/a", f"{second.url}/b") == FILE
            assert second.asked[0].start > 0

    async def test_that_have_another_file_do_not_finish_it(self, tmp_path: Path) -> None:
        async with (
            liar(whole(FILE, cut=HALF), says("503 No")) as first,
            liar(whole(OTHER, etag='"two"')) as second,
            store(tmp_path, asks=first) as made,
        ):
            with pytest.raises(UpstreamError):
                await got(made, f"{first.url}/a", f"{second.url}/b")

    async def test_that_all_fail_are_told_by_the_first(self, tmp_path: Path) -> None:
        async with (
            liar(says("404 No")) as first,
            liar(says("500 Oh")) as second,
            store(tmp_path) as made,
        ):
            with pytest.raises(UpstreamError, match="answered 404"):
                await got(made, f"{first.url}/a", f"{second.url}/b")


class TestASilentMirror:
    @staticmethod
    async def silent(_: Asked, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async def test_is_not_waited_for_where_another_has_the_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(IMAGE_NEXT, "most", 0.1)
        async with (
            liar(self.silent) as first,
            liar(whole(FILE)) as second,
            store(tmp_path) as made,
        ):
            assert await got(made, f"{first.url}/a", f"{second.url}/b") == FILE

    async def test_has_all_the_time_there_is_where_no_other_gives_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It may have to build the file first."""
        monkeypatch.setattr(IMAGE_NEXT, "most", 0.1)
        async with (
            liar(self.silent, whole(FILE)) as slow,
            liar(says("503 No")) as down,
            store(tmp_path) as made,
        ):
            assert await got(made, f"{slow.url}/a", f"{down.url}/b") == FILE
            assert (len(slow.asked), len(down.asked)) == (2, 1)


class TestWhereAUrlLeads:
    async def test_may_be_elsewhere_and_the_copy_is_of_what_was_asked_for(
        self, tmp_path: Path
    ) -> None:
        moved = says("302 Found", Location="/moved")
        async with liar(moved, whole(FILE)) as there, store(tmp_path) as made:
            assert await kept(made, f"{there.url}/linux") == FILE
            assert await got(made, f"{there.url}/linux") == FILE

            assert [each.path for each in there.asked] == ["/linux", "/moved"]
            assert only(made).url == f"{there.url}/linux"

    async def test_may_take_a_password_that_is_written_nowhere(self, tmp_path: Path) -> None:
        async with liar(whole(FILE)) as there, store(tmp_path) as made:
            url = there.url.replace("http://", "http://me:sesame@")
            assert await kept(made, f"{url}/linux") == FILE

            assert there.asked[0].headers["authorization"].startswith("basic ")
            assert only(made).url == f"{there.url}/linux"
            written = [each.read_bytes() for each in (tmp_path / "urls").iterdir()]
            assert not any(b"sesame" in each for each in written)


class TestPatience:
    async def test_ends_when_a_server_falls_silent(self, tmp_path: Path) -> None:
        async def silent(_: Asked, writer: asyncio.StreamWriter) -> None:
            writer.write(head("200 OK", Content_Length=len(FILE)) + FILE[:HALF])
            await writer.drain()
            await asyncio.sleep(60)

        async with liar(silent) as there, store(tmp_path, silence=0.05) as made:
            with pytest.raises(BrokenOffError, match="does not answer"):
                await got(made, f"{there.url}/linux")

    async def test_is_as_long_as_the_settings_say_for_the_first_byte(self, tmp_path: Path) -> None:
        async def nothing(_: Asked, _writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(60)

        async with liar(nothing) as there, store(tmp_path, first_byte=lambda: 0.05) as made:
            with pytest.raises(UpstreamError, match="sent nothing within"):
                await got(made, f"{there.url}/linux")


def slowly(answer: Answer) -> Answer:
    """Answer with half of the file, and close once that is written."""

    async def slow(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await answer(asked, writer)
        await asked.written(HALF)

    return slow
