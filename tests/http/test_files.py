"""Files as answers: by their conditions, and from a file system that hangs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import ParamSpec

import pytest

from pyxie.bounds import THREADS_PATIENCE
from pyxie.http import ownathand
from pyxie.images.spec import locate
from tests.http.site import ALL_LOCAL, HOST, LOCAL, MAC, Answer, serving
from tests.support import Hung, Passing, eventually, hung

KERNEL = bytes(range(256)) * 40
P = ParamSpec("P")


@pytest.fixture(autouse=True)
def _image(tmp_path: Path) -> None:
    (tmp_path / "images/deb").mkdir(parents=True)
    for name in ("deb/linux", "deb/initrd.gz", "firmware.cpio"):
        (tmp_path / "images" / name).write_bytes(KERNEL)


class TestConditions:
    async def test_what_a_client_has_already_is_not_sent_again(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            first = await served.get("/images/deb/linux")
            tag, date = first.headers["ETag"], first.headers["Last-Modified"]

            for has in ({"If_None_Match": tag}, {"If_Modified_Since": date}):
                again = await served.get("/images/deb/linux", **has)
                assert again == Answer(304, b"")
                assert again.headers["ETag"] == tag

            os.utime(tmp_path / "images/deb/linux", (1, 2_000_000_000))
            for has in ({"If_None_Match": tag}, {"If_Modified_Since": date}):
                assert await served.get("/images/deb/linux", **has) == Answer(200, KERNEL)

    async def test_another_than_the_client_means_is_not_sent(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            first = await served.get("/images/deb/linux")
            tag = first.headers["ETag"]

            for wants, status in (
                ({"If_Match": tag}, 200),
                ({"If_Match": "*"}, 200),
                ({"If_Match": '"another"'}, 412),
                ({"If_Match": f"W/{tag}"}, 412),
                ({"If_Unmodified_Since": first.headers["Last-Modified"]}, 200),
                ({"If_Unmodified_Since": "Thu, 01 Jan 1970 00:00:00 GMT"}, 412),
            ):
                assert (await served.get("/images/deb/linux", **wants)).status == status, wants

    async def test_a_part_is_sent_of_the_file_that_the_client_has_begun_with(
        self, tmp_path: Path
    ) -> None:
        """RFC 9110 section 13.1.5; parts of two files would be put together otherwise."""
        async with serving(tmp_path) as served:
            first = await served.get("/images/deb/linux")
            whole, part = Answer(200, KERNEL), Answer(206, KERNEL[:10])

            for has, answer in (
                (first.headers["ETag"], part),
                ('"another"', whole),
                (first.headers["Last-Modified"], part),
                ("Thu, 01 Jan 1970 00:00:00 GMT", whole),
            ):
                found = await served.get("/images/deb/linux", Range="bytes=0-9", If_Range=has)
                assert found == answer, has


def hanging(disk: Hung, find: Callable[P, Path]) -> Callable[P, Path]:
    """Find files on a disk that hangs."""

    def slowly(*args: P.args, **named: P.kwargs) -> Path:
        disk.read()
        return find(*args, **named)

    return slowly


class TestAFileSystemThatHangs:
    async def test_hurts_only_what_asks_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "files").mkdir()
        (tmp_path / "files/key.pub").write_text("key")
        async with serving(tmp_path, config=ALL_LOCAL, machine=LOCAL) as served:
            await served.build()
            with hung() as disk:
                monkeypatch.setattr(ownathand, "locate", hanging(disk, locate))
                kernels = [
                    asyncio.create_task(served.get(f"/boot/{HOST}/kernel/linux")) for _ in range(20)
                ]
                await eventually(lambda: disk.asked)
                time = Passing()

                script = await served.get(f"/ipxe/{MAC}")
                key = await served.get("/files/key.pub")
                shown = await served.get(f"/api/v1/machines/{HOST}")
                await time.on(THREADS_PATIENCE.most)
                answers = await asyncio.gather(*kernels)
                disk.mend()
            after = await served.get(f"/boot/{HOST}/kernel/linux")

            why = f"no answer within {THREADS_PATIENCE.most:g} s; does its file system hang?"
            assert (script.status, key.text, shown.status) == (200, "key", 200)
            assert set(answers) == {Answer(503, f"the folder 'images': {why}\n".encode())}
            assert {each.headers["Retry-After"] for each in answers} == {"5"}
            assert after == Answer(200, KERNEL)
            assert any(why in each for each in served.texts())

    async def test_in_the_middle_of_a_file_ends_its_connection(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(THREADS_PATIENCE, "most", 2.0)  # a thread's: by no clock of the loop
        sendfile = os.sendfile
        async with serving(tmp_path) as served:
            with ExitStack() as stack:
                disk = stack.enter_context(hung())

                def some(out: int, source: int, start: int, count: int) -> int:
                    if start:
                        disk.read()
                    return sendfile(out, source, start, min(count, 100))

                monkeypatch.setattr(os, "sendfile", some)
                head = b"GET /images/deb/linux HTTP/1.1\r\nHost: localhost\r\n\r\n"

                got = await served.raw(head)

            assert got.partition(b"\r\n\r\n")[2] == KERNEL[:100]
