"""What is done with one machine in a browser: a build of it begins, or ends."""

from __future__ import annotations

import asyncio
import re
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

from pyxie.access.scope import Scope
from pyxie.builds.life import State
from tests.http.page.test_machineeditor import FORM, on_disk, opened
from tests.http.page.test_machinescreen import PATH, region, screen
from tests.http.site import CONFIG, HOST, MACHINE, Answer, Served, serving

BUILD = f"{PATH}/build"
WIPING = "d-i partman-auto/disk string /dev/sda\nd-i partman/confirm boolean true\n"


async def send(served: Served, path: str, **fields: str) -> Answer:
    more = {"HX_Request": "true"} if fields.pop("htmx", "") else {}
    sent = urlencode(fields).encode()
    return await served.ask("POST", path, sent, Content_Type=FORM, Accept="text/html", **more)


async def reviewed(served: Served, path: str = BUILD) -> tuple[str, dict[str, str]]:
    """Look at what a build would do; return the screen, and what its form sends."""
    text = await screen(served, path)
    form = text.rpartition('<form class="form"')[2]
    return text, dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))


class TestABuild:
    async def test_begins_after_it_was_said_what_it_wipes(self, tmp_path: Path) -> None:
        async with serving(tmp_path, preseed=WIPING) as served:
            text, form = await reviewed(served)

            answer = await send(served, BUILD, **form)

            assert "all data on /dev/sda is lost" in text
            assert "Build, and lose what is on its disks" in text
            assert f"pyxie build {HOST}" in text
            assert (answer.status, answer.headers["Location"]) == (303, f"{PATH}?done=begun")
            assert "Its build has begun." in await screen(served, answer.headers["Location"])
            build = served.parts.index.active(HOST)
            assert build is not None
            noted = await served.parts.audit.page(None, 10)
            assert [(each["method"], each["path"]) for each in noted] == [("POST", BUILD)]
            assert (await served.parts.builds.history(HOST))[0]["cause"] == f"POST {BUILD}"

    async def test_is_of_the_type_that_was_chosen(self, tmp_path: Path) -> None:
        types = "build_types:\n  rescue:\n    cmdline: rescue=1\n"
        async with serving(tmp_path, config=CONFIG + types) as served:
            _, form = await reviewed(served, f"{BUILD}?type=rescue")

            await send(served, BUILD, **form)

            build = served.parts.index.active(HOST)
            assert build is not None
            assert build.build_type == "rescue"

    async def test_that_would_wipe_something_else_by_now_does_not_begin(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as served:
            _, form = await reviewed(served)
            (served.folder / "templates/bookworm.j2").write_text(WIPING)

            answer = await send(served, BUILD, **form)

            assert answer.status == 412
            assert "Nothing was begun:" in answer.text
            assert "all data on /dev/sda is lost" in answer.text
            assert served.parts.index.active(HOST) is None

    async def test_of_two_who_press_at_once_one_begins(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            _, form = await reviewed(served)

            answers = await asyncio.gather(*(send(served, BUILD, **form) for _ in range(2)))

            statuses = sorted(answer.status for answer in answers)
            assert statuses[0] == 303
            assert statuses[1] in (409, 412)
            assert [each.number for each in served.parts.index.all()] == [1]

    async def test_takes_the_place_of_the_one_that_was_shown(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()
            text, form = await reviewed(served)

            answer = await send(served, BUILD, **form)

            assert "It is in build mode: build 1 ends by this" in text
            assert answer.status == 303
            build = served.parts.index.active(HOST)
            assert build is not None
            assert build.number == 2

    async def test_does_not_begin_of_a_file_with_mistakes(self, tmp_path: Path) -> None:
        async with serving(tmp_path, machine=f"{MACHINE}kernle: x\n") as served:
            text, form = await reviewed(served)

            answer = await send(served, BUILD, sealed="x")

            assert "It cannot be built:" in text
            assert "kernle: unknown key" in text
            assert form == {}
            assert answer.status == 400
            assert "kernle: unknown key" in unescape(answer.text)
            assert served.parts.index.of(HOST) is None


class TestAnEnd:
    async def test_is_of_the_build_that_was_shown(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()
            top = region(await screen(served), "machine-head")

            answer = await send(served, f"{PATH}/cancel", build="1")

            assert "Cancel build 1 of" in top
            assert f"pyxie cancel {HOST}" in top
            assert answer.status == 303
            told = await screen(served, answer.headers["Location"])
            assert '<p class="notice is-ok" role="status">Its build is cancelled.</p>' in told
            build = served.parts.index.of(HOST)
            assert build is not None
            assert build.state is State.CANCELLED

    async def test_is_told_to_htmx_by_what_has_changed(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()

            answer = await send(served, f"{PATH}/done", htmx="yes", build="1")

            assert answer.text.strip().startswith('<section id="machine-head"')
            assert "installed</span>" in answer.text
            assert 'role="status">It is taken for installed.</p>' in answer.text
            assert 'id="notices" aria-live="polite" hx-swap-oob="true"' in answer.text

    async def test_of_another_build_is_refused(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()
            await served.build()

            answer = await send(served, f"{PATH}/cancel", build="1")

            assert answer.status == 409
            assert served.parts.index.active(HOST) is not None

    async def test_that_somebody_else_has_pressed_is_told(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()
            await send(served, f"{PATH}/cancel", build="1")

            answer = await send(served, f"{PATH}/cancel", build="1")

            assert answer.status == 404
            assert "is not in build mode" in answer.text

    async def test_says_which(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()

            answer = await send(served, f"{PATH}/cancel")

            assert answer.status == 400
            assert served.parts.index.active(HOST) is not None


class TestWhoMayOnlyLook:
    async def test_is_shown_no_button_and_refused(self, tmp_path: Path) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            _, secret = await served.parts.tokens.create("eyes", Scope.READ, None)
            bearer = f"Bearer {secret}"

            page = await served.get(PATH, Accept="text/html", Authorization=bearer)
            refused = [
                (await served.ask(method, path, Authorization=bearer)).status
                for method, path in [
                    ("GET", BUILD),
                    ("POST", BUILD),
                    ("POST", f"{PATH}/cancel"),
                    ("POST", f"{PATH}/done"),
                    ("GET", f"{PATH}/file"),
                    ("POST", f"{PATH}/file"),
                ]
            ]

            assert page.status == 200
            assert "<button" not in region(page.text, "machine-head")
            assert f"{PATH}/file" not in page.text
            assert refused == [403] * 6


class TestAnInstallationThatNobodyCouldLogInTo:
    SHUT = MACHINE.replace("bookworm.j2", "debian.preseed.j2").replace("finish.j2", "finish.sh.j2")
    SAID = "nobody will be able to log in: there is neither an SSH key nor a password; set "

    async def test_is_advised_against_before_its_build(self, tmp_path: Path) -> None:
        async with serving(tmp_path, machine=self.SHUT) as served:
            text = unescape((await reviewed(served))[0])

            assert f"{self.SAID}'params.ssh_key'" in text

    async def test_is_told_once_its_file_is_written(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            _, tag = await opened(served)

            answer = await send(served, f"{PATH}/file", text=self.SHUT, etag=tag)

            assert answer.status == 200
            assert "The file is written." in answer.text
            assert f"{self.SAID}'params.ssh_key'" in unescape(answer.text)
            assert on_disk(served) == self.SHUT
