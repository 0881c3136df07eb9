"""A machine's file, edited in a browser."""

from __future__ import annotations

import asyncio
import re
from html import unescape
from io import BytesIO
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.http.page.test_machinescreen import PATH, screen
from tests.http.site import HOST, MACHINE, PRESEED, Answer, Served, serving

FILE = f"{PATH}/file"
FORM = "application/x-www-form-urlencoded"


def typed(text: str) -> str:
    """Return what stands in the field."""
    found = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", text, re.DOTALL)
    assert found is not None, text
    return unescape(found[1])


def etag(text: str) -> str:
    found = re.search(r'name="etag" value="([^"]*)"', text)
    assert found is not None, text
    return found[1]


async def opened(served: Served) -> tuple[str, str]:
    """Open the file; return the text in the field, and the validator that goes with it."""
    page = (await served.get(FILE, Accept="text/html")).text
    return typed(page), etag(page)


async def send(served: Served, text: str, tag: str, path: str = FILE) -> Answer:
    sent = urlencode({"text": text.replace("\n", "\r\n"), "etag": tag}).encode()
    return await served.ask("POST", path, sent, Content_Type=FORM, Accept="text/html")


def on_disk(served: Served) -> str:
    return (served.folder / f"machines/{HOST}.yaml").read_text()


class TestAChange:
    async def test_is_written_and_leads_back_to_the_machine(self, tmp_path: Path) -> None:
        fetched = f"{PRESEED}# {{{{ urls.template('finish') }}}}\n"
        async with serving(tmp_path, preseed=fetched) as served:
            text, tag = await opened(served)

            answer = await send(served, text.replace("quiet", "quiet # not"), tag)

            assert answer.status == 303
            assert answer.headers["Location"] == f"{PATH}?done=written"
            told = await screen(served, answer.headers["Location"])
            assert '<p class="notice is-ok" role="status">Its file is written.</p>' in told
            assert on_disk(served) == MACHINE.replace("quiet", "quiet # not")
            assert "quiet # not" in served.parts.machines().machines[HOST].cmdline

    async def test_of_nothing_writes_nothing(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            before = (served.folder / f"machines/{HOST}.yaml").stat()
            text, tag = await opened(served)

            answer = await send(served, text, tag)

            after = (served.folder / f"machines/{HOST}.yaml").stat()
            assert answer.status == 303
            assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)

    async def test_is_in_the_audit_log_and_a_check_is_not(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            text, tag = await opened(served)

            await send(served, text, tag, f"{FILE}/check")
            await send(served, f"{text}tags: [x]\n", tag)

            noted = await served.parts.audit.page(None, 10)
            assert [(each["method"], each["path"]) for each in noted] == [("POST", FILE)]

    async def test_without_the_file_that_was_seen_is_refused(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            sent = urlencode({"text": "hostname: x\n"}).encode()

            answer = await served.ask("POST", FILE, sent, Content_Type=FORM)

            assert answer.status == 400
            assert on_disk(served) == MACHINE

    async def test_that_is_too_long_is_refused_and_bounded(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            _, tag = await opened(served)

            found = []
            for length in (1 << 20, 4 << 20):
                sent = BytesIO(urlencode({"text": "#" + "x" * length, "etag": tag}).encode())
                headers = {"Content-Type": FORM, "Accept": "text/html"}
                url = served.url + FILE
                async with served.session.post(url, data=sent, headers=headers) as answer:
                    found.append((answer.status, "would be over 1 MiB" in await answer.text()))

            assert found == [(422, True), (413, False)]

    async def test_is_no_strangers(self, tmp_path: Path) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            answer = await send(served, MACHINE.replace("quiet", ""), "x")

            assert answer.status == 403
            assert on_disk(served) == MACHINE


class TestMistakes:
    async def test_are_told_beside_their_lines_and_what_was_typed_is_kept(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as served:
            text, tag = await opened(served)
            wrong = f"{text}kernle: x\n"

            answer = await send(served, wrong, tag)

            assert answer.status == 422
            assert typed(answer.text) == wrong
            assert etag(answer.text) == tag
            said = unescape(answer.text)
            assert 'aria-invalid="true"' in said
            assert '<li value="14" id="line-14" class="wrong"><code>kernle: x</code>' in said
            assert "14:1: kernle: unknown key; did you mean 'kernel'?" in said
            assert on_disk(served) == MACHINE

    async def test_in_what_it_would_serve_are_mistakes_of_the_file(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            text, tag = await opened(served)

            answer = await send(served, text.replace("quiet", "{{ params.disk }}"), tag)

            assert answer.status == 422
            assert "cmdline: " in answer.text
            assert 'id="line-5"' in answer.text
            assert on_disk(served) == MACHINE

    async def test_elsewhere_are_told_and_keep_nothing_from_being_written(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path, preseed=PRESEED + "{{ params.disk }}\n") as served:
            text, tag = await opened(served)

            answer = await send(served, f"{text}tags: [x]\n", tag)

            assert answer.status == 200
            assert "The file is written. The machine cannot be built yet" in answer.text
            assert f"{tmp_path}/templates/bookworm.j2:6:1: " in answer.text
            assert etag(answer.text) != tag
            assert on_disk(served) == f"{MACHINE}tags: [x]\n"

    async def test_are_found_without_writing(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            text, tag = await opened(served)

            right = await send(served, f"{text}tags: [x]\n", tag, f"{FILE}/check")
            wrong = await send(served, f"{text}tagz: [x]\n", tag, f"{FILE}/check")

            assert (right.status, wrong.status) == (200, 422)
            assert "Nothing is wrong with it. It is not written yet." in right.text
            assert typed(right.text) == f"{text}tags: [x]\n"
            assert "did you mean &#39;tags&#39;?" in wrong.text
            assert on_disk(served) == MACHINE

    @pytest.mark.parametrize(
        ("broken", "said"),
        [
            (f"{MACHINE}kernle: x\n", "unknown key; did you mean 'kernel'?"),
            ("hostname: [\n", "is not YAML"),
        ],
    )
    async def test_of_a_broken_file_are_shown_and_it_is_mended(
        self, tmp_path: Path, broken: str, said: str
    ) -> None:
        async with serving(tmp_path, machine=broken) as served:
            page = unescape((await served.get(FILE, Accept="text/html")).text)
            _, tag = await opened(served)

            answer = await send(served, MACHINE, tag)

            assert said in page
            assert answer.status == 200
            assert served.parts.machines().why_broken(HOST) == ()

    async def test_of_a_file_that_is_not_utf8_are_mended_by_writing_it(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as served:
            path = served.folder / f"machines/{HOST}.yaml"
            path.write_bytes(f"{MACHINE}description: Büro\n".encode("latin-1"))
            page = (await served.get(FILE, Accept="text/html")).text

            answer = await send(served, f"{typed(page)}# by now UTF-8\n", etag(page))

            assert "is not UTF-8: it is read as Latin-1" in page
            assert answer.status == 200
            assert on_disk(served).endswith("description: Büro\n# by now UTF-8\n")


class TestTwoWhoEdit:
    async def test_the_second_sees_what_the_first_wrote_and_keeps_what_he_typed(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as served:
            text, tag = await opened(served)
            await send(served, f"{text}tags: [first]\n", tag)

            second = await send(served, f"{text}tags: [second]\n", tag)

            assert second.status == 412
            assert "somebody else has changed the file" in second.text
            assert typed(second.text) == f"{text}tags: [second]\n"
            assert '<span class="removed">- tags: [first]</span>' in second.text
            assert on_disk(served) == f"{MACHINE}tags: [first]\n"

    async def test_the_second_may_then_write_over_it(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            text, tag = await opened(served)
            await send(served, f"{text}tags: [first]\n", tag)
            second = await send(served, f"{text}tags: [second]\n", tag)

            third = await send(served, typed(second.text), etag(second.text))

            assert third.status == 200
            assert on_disk(served) == f"{MACHINE}tags: [second]\n"

    async def test_at_the_same_moment_one_alone_writes(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            text, tag = await opened(served)

            answers = await asyncio.gather(
                *(send(served, f"{text}tags: [t{at}]\n", tag) for at in range(4))
            )

            assert sorted(answer.status for answer in answers) == [200, 412, 412, 412]

    async def test_one_of_whom_is_rest_or_an_editor_on_the_host(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            text, tag = await opened(served)
            (served.folder / f"machines/{HOST}.yaml").write_text(f"{MACHINE}# by hand\n")

            answer = await send(served, f"{text}tags: [x]\n", tag)

            assert answer.status == 412
            assert "# by hand" in answer.text

    async def test_one_of_whom_removed_it(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()
            text, tag = await opened(served)
            (served.folder / f"machines/{HOST}.yaml").unlink()

            answer = await send(served, f"{text}tags: [x]\n", tag)

            assert answer.status == 404
            assert "its file is not there any more" in answer.text
            assert typed(answer.text) == f"{text}tags: [x]\n"


class TestSecrets:
    MACHINE = f'{MACHINE}ipmi_password: "correct horse"\n'

    async def test_are_not_shown_and_stay(self, tmp_path: Path) -> None:
        async with serving(tmp_path, machine=self.MACHINE) as served:
            text, tag = await opened(served)

            answer = await send(served, text.replace("quiet", ""), tag)

            assert "correct" not in text
            assert answer.status == 200
            assert on_disk(served) == self.MACHINE.replace("quiet", "")

    async def test_are_changed_by_writing_over_them(self, tmp_path: Path) -> None:
        async with serving(tmp_path, machine=self.MACHINE) as served:
            text, tag = await opened(served)

            await send(served, text.replace("•••ipmi_password•••", "battery"), tag)

            assert on_disk(served) == f"{MACHINE}ipmi_password: battery\n"

    async def test_of_another_file_cannot_be_had(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            text, tag = await opened(served)

            answer = await send(served, f"{text}ipmi_password: •••ipmi_password•••\n", tag)

            assert answer.status == 422
            assert "stands for nothing in the file as it is" in answer.text


class TestAFileThatCannotBeWritten:
    async def test_is_told_and_what_was_typed_is_kept(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            path = served.folder / f"machines/{HOST}.yaml"
            elsewhere = tmp_path / "elsewhere.yaml"
            path.rename(elsewhere)
            path.symlink_to(elsewhere)
            text, tag = await opened(served)

            answer = await send(served, f"{text}tags: [x]\n", tag)

            assert answer.status == 409
            assert "is a link that leads out of" in unescape(answer.text)
            assert typed(answer.text) == f"{text}tags: [x]\n"


class TestAMachineWithoutAFile:
    async def test_has_nothing_to_be_edited(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()
            (served.folder / f"machines/{HOST}.yaml").unlink()

            text = await screen(served, FILE, status=404)

            assert "has no file" in text
