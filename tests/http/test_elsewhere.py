"""Other servers' files as machines get them: from the store, also while it is being filled."""

from __future__ import annotations

import asyncio
import errno
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pyxie.bounds import IMAGE_ABSENT
from pyxie.events.kind import Step
from pyxie.imagestore import fetching
from pyxie.imagestore.ondisk import Partial
from tests.http.site import CONFIG, HOST, MACHINE, Answer, Served, serving
from tests.imagestore.liar import Asked, Liar, head, liar, says, whole
from tests.support import eventually

KERNEL = bytes(range(256)) * 8192
HALF = len(KERNEL) // 2
AT = f"/boot/{HOST}/kernel/linux"


@asynccontextmanager
async def booting(folder: Path, there: Liar, config: str = CONFIG) -> AsyncIterator[Served]:
    """Serve a machine in build mode whose kernel is at that server."""
    machine = MACHINE.replace("http://files.internal:81/bookworm/amd64", there.url)
    async with serving(folder, config=config, machine=machine) as served:
        there.store = served.parts.image_store
        await served.build()
        yield served


def shared(served: Served) -> float:
    """Return how many take part in a fetch that another has begun."""
    return served.counted("pyxie_image_store_requests_total", outcome="shared")


async def stored(served: Served) -> None:
    await eventually(lambda: not served.parts.image_store.fetching())


class Halting:
    """Gives the first half of the kernel, and the rest when it may."""

    def __init__(self) -> None:
        self.may = asyncio.Event()

    async def __call__(self, _: Asked, writer: asyncio.StreamWriter) -> None:
        told = head("200 OK", Content_Length=len(KERNEL), ETag='"one"', Content_Type="x/kernel")
        writer.write(told + KERNEL[:HALF])
        await self.may.wait()
        writer.write(KERNEL[HALF:])
        await writer.drain()


class TestAHall:
    async def test_that_boots_at_once_is_one_request_to_the_mirror(self, tmp_path: Path) -> None:
        halting = Halting()
        async with liar(halting) as there, booting(tmp_path, there) as served:
            hall = [asyncio.create_task(served.get(AT)) for _ in range(100)]
            await eventually(lambda: shared(served) == 99)
            halting.may.set()

            assert {each.body for each in await asyncio.gather(*hall)} == {KERNEL}
            await stored(served)
            assert (await served.get(AT)).body == KERNEL
            assert len(there.asked) == 1
            assert served.counted("pyxie_image_store_requests_total", outcome="fetched") == 1
            assert shared(served) == 99
            assert served.counted("pyxie_image_store_files") == 1
            assert served.counted("pyxie_image_store_bytes") == len(KERNEL)
            assert served.counted("pyxie_image_store_fetched_bytes_total") == len(KERNEL)

    @pytest.mark.parametrize("store", ["", "image_store: {size: 0}\n"])
    async def test_that_asks_for_what_is_not_there_costs_the_mirror_one_request(
        self, tmp_path: Path, store: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As shim does for `revocations.efi`, on each machine, and can do without."""
        async with (
            liar(says("404 Not Found"), whole(KERNEL)) as there,
            booting(tmp_path, there, CONFIG + store) as served,
        ):
            at = f"/boot/{HOST}/kernel/revocations.efi"
            hall = [await served.get(at) for _ in range(20)]

            assert {each.status for each in hall} == {404}
            assert len(there.asked) == 1
            monkeypatch.setattr(IMAGE_ABSENT, "most", 0)
            assert (await served.get(at)).body == KERNEL

    async def test_is_told_each_time_that_its_kernel_is_not_there(self, tmp_path: Path) -> None:
        async with liar(says("404 Not Found")) as there, booting(tmp_path, there) as served:
            for _ in range(3):
                assert (await served.get(AT)).status == 502

            told = f"kernel: {there.url}/linux: answered 404 Not Found"
            assert {*served.texts(Step.TROUBLE)} == {told}
            assert len(there.asked) == 1


class TestWhileItGrows:
    async def test_what_is_there_is_sent_at_once(self, tmp_path: Path) -> None:
        halting = Halting()
        async with (
            liar(halting) as there,
            booting(tmp_path, there) as served,
            served.session.get(served.url + AT) as answer,
        ):
            async with asyncio.timeout(60):
                assert await answer.content.readexactly(HALF) == KERNEL[:HALF]
            assert answer.headers["Content-Length"] == str(len(KERNEL))
            assert answer.headers["ETag"] == '"one"'
            assert answer.headers["Content-Type"] == "x/kernel"
            halting.may.set()
            assert await answer.content.read() == KERNEL[HALF:]

    async def test_a_part_is_sent_when_it_is_there(self, tmp_path: Path) -> None:
        halting = Halting()
        async with liar(halting) as there, booting(tmp_path, there) as served:
            assert await served.get(AT, Range="bytes=5-9") == Answer(206, KERNEL[5:10])
            late = asyncio.create_task(served.get(AT, Range=f"bytes={HALF}-{HALF + 9}"))
            last = asyncio.create_task(served.get(AT, Range="bytes=-7"))
            size = await served.ask("HEAD", AT)
            halting.may.set()

            assert size.headers["Content-Length"] == str(len(KERNEL))
            assert await late == Answer(206, KERNEL[HALF : HALF + 10])
            assert await last == Answer(206, KERNEL[-7:])
            assert len(there.asked) == 1

    async def test_a_length_that_is_not_known_is_sent_in_chunks(self, tmp_path: Path) -> None:
        may = asyncio.Event()

        async def chunks(_: Asked, writer: asyncio.StreamWriter) -> None:
            writer.write(head("200 OK", Transfer_Encoding="chunked"))
            writer.write(f"{len(KERNEL):x}\r\n".encode() + KERNEL + b"\r\n")
            await may.wait()
            writer.write(b"0\r\n\r\n")

        async with liar(chunks) as there, booting(tmp_path, there) as served:
            async with served.session.get(served.url + AT) as first:
                may.set()
                body = await first.read()
            await stored(served)
            later = await served.get(AT)

            assert body == later.body == KERNEL
            assert "Content-Length" not in first.headers
            assert later.headers["Content-Length"] == str(len(KERNEL))

    async def test_one_that_changes_is_a_broken_transfer(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(fetching, "_WAITS", (0.0,))
        other = whole(KERNEL[::-1], etag='"two"')
        async with (
            liar(whole(KERNEL, cut=HALF), other) as there,
            booting(tmp_path, there) as served,
        ):
            with pytest.raises(ConnectionResetError):
                await served.raw(f"GET {AT} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())

            (told,) = await eventually(lambda: served.texts(Step.TROUBLE))
            assert told.endswith("was changed while it was fetched")
            assert (await served.get(AT)).body == KERNEL[::-1]


class TestWhatIsKept:
    async def test_is_told_as_such(self, tmp_path: Path) -> None:
        async with liar(whole(KERNEL)) as there, booting(tmp_path, there) as served:
            await served.get(AT)
            await stored(served)
            await served.get(AT)

            assert served.texts(Step.IMAGE) == [
                f"fetching kernel, streamed from {there.url}/linux, not verified",
                f"fetching kernel, 2.1 MB, kept of {there.url}/linux, not verified",
            ]

    async def test_is_a_file_with_all_that_belongs_to_one(self, tmp_path: Path) -> None:
        async with liar(whole(KERNEL)) as there, booting(tmp_path, there) as served:
            await served.get(AT)
            await stored(served)

            part = await served.get(AT, Range="bytes=5-9", If_Range='"one"')
            same = await served.get(AT, If_None_Match='"one"')
            beyond = await served.get(AT, Range="bytes=99999999-")

            assert part == Answer(206, KERNEL[5:10])
            assert part.headers["Content-Range"] == f"bytes 5-9/{len(KERNEL)}"
            assert (same.status, beyond.status) == (304, 416)
            assert len(there.asked) == 1

    async def test_is_served_though_the_mirror_is_down_and_that_is_said(
        self, tmp_path: Path
    ) -> None:
        config = f"{CONFIG}image_store: {{revalidate: always}}\n"
        async with (
            liar(whole(KERNEL), says("503 No")) as there,
            booting(tmp_path, there, config) as served,
        ):
            await served.get(AT)
            await stored(served)
            served.clock.now += 3 * 3600

            assert (await served.get(AT)).body == KERNEL
            assert served.texts(Step.IMAGE)[-1] == (
                f"kernel: a copy of 3 hours ago is served: {there.url}/linux: "
                "answered 503 Service Unavailable"
            )
            assert served.texts(Step.TROUBLE) == []


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the disk take no more than half of the kernel."""
    append = Partial.append

    def full(self: Partial, data: bytes) -> None:
        if self.size + len(data) > HALF:
            raise OSError(errno.ENOSPC, "No space left on device")
        append(self, data)

    monkeypatch.setattr(Partial, "append", full)


@pytest.mark.usefixtures("full_disk")
class TestAFullDisk:
    async def test_is_no_matter_where_another_mirror_gives_the_file(self, tmp_path: Path) -> None:
        """The rest comes from the one that gave the beginning, for it is another's by its ETag."""
        halting = Halting()
        async with (
            liar(says("503 No"), whole(KERNEL, etag='"two"')) as first,
            liar(halting) as good,
        ):
            config = f"{CONFIG}mirrors: {{lab: [{first.url}, {good.url}]}}\n"
            good.answers.append(whole(KERNEL))
            async with booting(tmp_path, first, config) as served:
                client = asyncio.create_task(served.get(AT))
                await eventually(lambda: good.asked)
                halting.may.set()

                assert (await client).body == KERNEL
                assert len(first.asked) == 1

    async def test_is_no_matter_for_who_is_being_served(self, tmp_path: Path) -> None:
        """The rest comes from the mirror, to each by itself."""
        halting = Halting()
        async with liar(halting, whole(KERNEL)) as there, booting(tmp_path, there) as served:
            clients = [asyncio.create_task(served.get(AT)) for _ in range(3)]
            await eventually(lambda: shared(served) == 2)
            halting.may.set()

            assert {each.body for each in await asyncio.gather(*clients)} == {KERNEL}
            assert {each.start > 0 for each in there.asked[1:]} == {True}
            told = f"kernel: {there.url}/linux is not kept, but streamed: the disk is full"
            assert told in served.texts(Step.IMAGE)

            assert (await served.get(AT)).body == KERNEL
            assert (await served.get(AT)).body == KERNEL
            health = json.loads((await served.get("/health")).body)
            assert "an image was not kept: the disk is full" in health["problems"]
            assert served.parts.image_store.cache.entries() == []
