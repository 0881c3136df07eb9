"""Several machines at once, on the page: what is asked, what is done, and what is told."""

from __future__ import annotations

import html
import re
from pathlib import Path
from urllib.parse import urlencode

import pytest

from pyxie.access.scope import Scope
from pyxie.bounds import BULK, BULK_FORECAST
from pyxie.builds.life import State
from tests.http.site import CONFIG, HOST, Answer, Served, serving
from tests.http.test_bulk import more

WIPES = "preseed: wipes.j2\n"
PRESEED = """\
d-i partman-auto/disk string {disk}
d-i partman-auto/method string regular
d-i partman/confirm boolean true
d-i partman/confirm_nooverwrite boolean true
d-i partman-partitioning/confirm_write_new_label boolean true
d-i partman/choose_partition select finish
"""


def wiping(folder: Path, disk: str = "/dev/sda") -> None:
    (folder / "templates/wipes.j2").write_text(PRESEED.format(disk=disk))


UNCLEAR = "d-i preseed/include string http://elsewhere.example/more.cfg\n"


async def send(served: Served, path: str, *fields: tuple[str, str], **headers: str) -> Answer:
    return await served.ask(
        "POST",
        f"/page/bulk/{path}",
        urlencode(fields).encode(),
        Content_Type="application/x-www-form-urlencoded",
        **headers,
    )


async def asked(served: Served, action: str, *hosts: str, query: str = "", **more: str) -> Answer:
    fields = [("host", host) for host in hosts] + list(more.items())
    answer = await send(served, f"{action}/review{query}", *fields)
    assert answer.status == 200, answer.text
    return answer


def sealed(answer: Answer) -> list[tuple[str, str]]:
    found = re.findall(r'name="machine" value="([^"]*)"', answer.text)
    return [("machine", html.unescape(each)) for each in found]


def titled(answer: Answer) -> str:
    assert answer.status == 200, answer.text
    (title,) = re.findall("<h1>(.*)</h1>", answer.text)
    return str(title)


def left(answer: Answer) -> dict[str, str]:
    rows = re.findall(
        r'<th scope="row"><a [^>]*>([^<]*)</a>[^\n]*</th>\s*<td[^>]*>([^<]*)</td>', answer.text
    )
    return {host: html.unescape(why) for host, why in rows}


class TestABulkBuild:
    async def test_says_how_many_disks_it_will_wipe_and_whose_then_begins(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as served:
            wiping(tmp_path)
            more(tmp_path, web01=WIPES, web02=WIPES, web03="")

            review = await asked(served, "build", "web01", "web02", "web03")

            assert titled(review) == "Build 3 machines?"
            assert (
                "2 disks of 2 machines will be wiped: all that is on them is lost." in review.text
            )
            assert review.text.count("all data on /dev/sda is lost") == 2
            assert "pyxie build web01 web02 web03" in review.text
            assert served.parts.index.active("web01") is None
            done = await send(served, "build", *sealed(review))
            assert titled(done) == "3 machines are in build mode"
            for host in ("web01", "web02", "web03"):
                active = served.parts.index.active(host)
                assert active is not None
                assert active.token not in done.text

    async def test_of_all_that_fit_is_of_those_on_other_pages_too(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            more(tmp_path, web01="", web02="", db01="")

            review = await asked(served, "build", query="?name=web*&page=9", all="1")

            assert [value.split()[0] for _, value in sealed(review)] == ["web01", "web02"]
            assert "pyxie build &#39;web*&#39;" in review.text
            done = await send(served, "build?name=web*", *sealed(review))
            assert titled(done) == "2 machines are in build mode"
            assert 'href="/page/machines?name=web*"' in done.text

    async def test_says_what_it_cannot_tell_and_leaves_out_what_cannot_be_built(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as served:
            unclear = "preseed: unclear.j2\n"
            more(tmp_path, web01="preseed: none.j2\n", web02="kernle: x\n", web03=unclear)
            (tmp_path / "templates/unclear.j2").write_text(UNCLEAR)

            review = await asked(served, "build", "web01", "web02", "web03", "gone")

            assert titled(review) == "Build 1 machine?"
            assert "Of 1 machine it cannot be told whether disks are wiped." in review.text
            assert list(left(review)) == ["web01", "web02", "gone"]
            assert "none.j2" in left(review)["web01"]
            assert "kernle: unknown key" in left(review)["web02"]
            assert left(review)["gone"] == "Unable to find host definition for gone"
            assert [value.split()[0] for _, value in sealed(review)] == ["web03"]

    @pytest.mark.parametrize("change", ["template", "file", "group", "removed"])
    async def test_does_not_build_unseen_what_has_changed_since(
        self, tmp_path: Path, change: str
    ) -> None:
        async with serving(tmp_path, config=f"grouppath: groups\n{CONFIG}") as served:
            wiping(tmp_path)
            (tmp_path / "groups").mkdir()
            (tmp_path / "groups/lab.yaml").write_text("params: {a: b}\n")
            more(tmp_path, web01=f"{WIPES}groups: [lab]\n", web02="")
            review = await asked(served, "build", "web01", "web02")
            match change:
                case "template":
                    wiping(tmp_path, "/dev/sdb")
                case "file":
                    more(tmp_path, web01=f"{WIPES}groups: [lab]\nparams: {{x: y}}\n")
                case "group":
                    (tmp_path / "groups/lab.yaml").write_text("params: {a: c}\n")
                case _:
                    (tmp_path / "machines/web01.yaml").unlink()

            done = await send(served, "build", *sealed(review))

            assert titled(done) == "1 machine is in build mode"
            assert list(left(done)) == ["web01"]
            assert served.parts.index.active("web01") is None

    async def test_pressed_twice_begins_one(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            more(tmp_path, web01="", web02="")
            review = await asked(served, "build", "web01", "web02")
            await send(served, "build", *sealed(review))
            begun = [served.parts.index.active(each) for each in ("web01", "web02")]

            again = await send(served, "build", *sealed(review), ("replace", "1"))

            assert titled(again) == "0 machines are in build mode"
            assert [served.parts.index.active(each) for each in ("web01", "web02")] == begun
            assert "look again" in left(again)["web01"]

    async def test_replaces_builds_only_where_that_is_said(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            more(tmp_path, web01="", web02="")
            token = await served.build("web01")

            review = await asked(served, "build", "web01", "web02")

            assert titled(review) == "Build 1 machine?"
            assert '<input type="checkbox" name="replace"' in review.text
            done = await send(served, "build", *sealed(review))
            assert left(done) == {"web01": "it is in build mode already"}
            active = served.parts.index.active("web01")
            assert active is not None
            assert active.token == token
            review = await asked(served, "build", "web01", "web02")
            done = await send(served, "build", *sealed(review), ("replace", "1"))
            assert titled(done) == "2 machines are in build mode"

    async def test_by_another_build_type_is_looked_at_by_that(self, tmp_path: Path) -> None:
        types = f"{CONFIG}build_types: {{rescue: {{cmdline: r}}, wipe: {{preseed: wipes.j2}}}}\n"
        async with serving(tmp_path, config=types) as served:
            wiping(tmp_path)
            more(tmp_path, web01="")

            own = await asked(served, "build", "web01")
            other = await asked(served, "build", "web01", build_type="wipe")

            assert "Of 1 machine no disk is wiped." in own.text
            assert "1 disk of 1 machine will be wiped" in other.text
            assert "pyxie build --type wipe web01" in other.text
            unseen = await send(served, "build", *sealed(own), ("build_type", "wipe"))
            assert titled(unseen) == "0 machines are in build mode"
            seen = await send(served, "build", *sealed(other), ("build_type", "wipe"))
            assert titled(seen) == "1 machine is in build mode"

    async def test_of_too_many_says_whom_it_leaves_out(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with serving(tmp_path) as served:
            monkeypatch.setattr(BULK, "most", 2)
            more(tmp_path, web01="", web02="", web03="")
            await served.build("web01")

            review = await asked(served, "build", query="?name=web*", all="1")

            assert [value.split()[0] for _, value in sealed(review)] == ["web02", "web03"]
            assert "1 more were chosen than one press is for" in review.text
            three = [("machine", f"web0{at} x") for at in (1, 2, 3)]
            assert (await send(served, "build", *three)).status == 400

    async def test_does_not_begin_what_was_not_looked_at_in_time(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with serving(tmp_path) as served:
            monkeypatch.setattr(BULK_FORECAST, "most", 0)
            more(tmp_path, web01="")

            review = await asked(served, "build", "web01")

            why = "it was not found out in time what a build of it wipes"
            assert (sealed(review), left(review)) == ([], {"web01": why})

    async def test_of_nobody_says_so_in_the_list(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            for path in ("build/review?name=linux", "build?name=linux"):
                answer = await send(served, path)

                assert answer.status == 422
                assert 'role="alert">no machine is chosen: tick some' in answer.text
                assert 'value="linux"' in answer.text


class TestABulkEnd:
    @pytest.mark.parametrize(
        ("action", "state", "title"),
        [
            ("cancel", State.CANCELLED, "1 machine is out of build mode"),
            ("done", State.INSTALLED, "1 machine is installed"),
        ],
    )
    async def test_ends_the_builds_that_were_shown(
        self, tmp_path: Path, action: str, state: State, title: str
    ) -> None:
        async with serving(tmp_path) as served:
            more(tmp_path, web01="", web02="", web03="")
            await served.build("web01")
            await served.build("web02")

            review = await asked(served, action, "web01", "web02", "web03")

            assert left(review) == {"web03": "it is not in build mode"}
            assert f"pyxie {action} web01 web02<" in review.text
            await served.build("web02")  # anew, by somebody else
            ended = await send(served, action, *sealed(review))
            assert titled(ended) == title
            assert left(ended)["web02"].startswith("build 2 of web02 has ended, and another")
            first = served.parts.index.of("web01")
            assert first is not None
            assert first.state is state
            assert served.parts.index.active("web02") is not None

    async def test_of_what_has_ended_meanwhile_says_so(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            token = await served.build()
            review = await asked(served, "cancel", HOST)
            await served.get(f"/done/{HOST}/{token}")

            ended = await send(served, "cancel", *sealed(review), ("machine", "web9 x"))

            assert left(ended)[HOST] == f"{HOST} is not in build mode"
            assert left(ended)["web9"].startswith("web9 is not in build mode")


class TestABulkRemoval:
    async def test_names_the_files_that_are_lost_then_deletes_them(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            more(tmp_path, web01="", web02="", web03="")
            await served.build("web03")

            review = await asked(served, "remove", "web01", "web02", "web03", "gone")

            assert "web01.yaml, 3 lines" in review.text
            assert "pyxie remove web01\npyxie remove web02" in html.unescape(review.text)
            assert left(review) == {
                "web03": "it is in build mode; cancel that first",
                "gone": "there is no machine gone",
            }
            (tmp_path / "machines/web02.yaml").write_text("hostname: web02\n# new\n")
            done = await send(served, "remove", *sealed(review), ("machine", "web03 x"))
            assert titled(done) == "1 machine is removed"
            assert list(left(done)) == ["web02", "web03"]
            assert "has changed meanwhile" in left(done)["web02"]
            names = sorted(each.name for each in (tmp_path / "machines").iterdir())
            assert names == [f"{HOST}.yaml", "web02.yaml", "web03.yaml"]


class TestWhoMay:
    async def test_press_is_what_their_token_says(self, tmp_path: Path) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            secrets = {
                scope: (await served.parts.tokens.create(str(scope), scope, None))[1]
                for scope in Scope
            }

            async def status(scope: Scope, action: str) -> tuple[int, int]:
                bearer = f"Bearer {secrets[scope]}"
                review = await send(
                    served, f"{action}/review", ("host", HOST), Authorization=bearer
                )
                press = await send(served, action, ("machine", "x y"), Authorization=bearer)
                return review.status, press.status

            assert await status(Scope.READ, "build") == (403, 403)
            assert await status(Scope.BUILD, "build") == (200, 200)
            assert await status(Scope.BUILD, "remove") == (403, 403)
            assert await status(Scope.ADMIN, "remove") == (200, 200)

    async def test_press_is_all_that_they_are_shown(self, tmp_path: Path) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            secrets = {
                scope: (await served.parts.tokens.create(str(scope), scope, None))[1]
                for scope in Scope
            }

            async def buttons(scope: Scope) -> list[str]:
                bearer = f"Bearer {secrets[scope]}"
                page = await served.get("/page/machines", Authorization=bearer)
                return re.findall(r"<button[^>]*>([A-Z][a-z ]*)…", page.text)

            assert await buttons(Scope.READ) == []
            assert await buttons(Scope.BUILD) == ["Build", "Cancel", "Mark as installed"]
            assert await buttons(Scope.ADMIN) == [
                *("Build", "Cancel", "Mark as installed", "Remove")
            ]
