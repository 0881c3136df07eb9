"""Tokens with a scope and an end, and the log of who changed what."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from pyxie.access.audit import Audit
from pyxie.access.scope import Scope, key
from pyxie.access.tokens import Tokens
from pyxie.http.routing import JSON, YAML
from pyxie.metrics import Metrics
from pyxie.store.database import Database
from tests.http.site import HOST, MACHINE, Served, serving
from tests.store.newest import url
from tests.support import A_DAY_BACK, YEARS, Clock, SetClock


async def call(
    served: Served, method: str, path: str, token: str = "", body: Any = None
) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with served.session.request(
        method, served.url + path, json=body, headers=headers
    ) as answer:
        text = await answer.text()
        return answer.status, json.loads(text) if "json" in answer.content_type else text


def _everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


class TestScopes:
    @pytest.mark.parametrize(
        ("scope", "statuses"),
        [("read", [200, 403, 403, 403]), ("build", [200, 200, 403, 403]), ("admin", [200] * 4)],
    )
    async def test_each_may_do_what_those_before_it_may(
        self, tmp_path: Path, scope: str, statuses: list[int]
    ) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            await served.parts.tokens.load()
            _, token = await served.parts.tokens.create("ci", Scope(scope), None)
            answers = [
                await call(served, "GET", "/api/v1/machines", token),
                await call(served, "PUT", f"/build/{HOST}", token),
                await call(served, "GET", "/api/v1/tokens", token),
                await call(served, "GET", "/api/v1/audit", token),
            ]

            assert [status for status, _ in answers] == statuses
            if scope == "read":
                assert answers[1][1] == ("the token 'ci' has the scope read; this needs build\n")

    async def test_who_may_only_build_cannot_send_commands_along(self, tmp_path: Path) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            _, build = await served.parts.tokens.create("b", Scope.BUILD, None)
            _, admin = await served.parts.tokens.create("a", Scope.ADMIN, None)
            body = {"prebuild_commands": [{"command": f"touch {tmp_path}/ran"}]}

            refused = await call(served, "PUT", f"/build/{HOST}", build, body)
            assert refused[0] == 403
            assert not (tmp_path / "ran").exists()
            assert (await call(served, "PUT", f"/build/{HOST}", admin, body))[0] == 200
            assert (tmp_path / "ran").exists()

    async def test_who_may_not_write_a_machines_file_is_not_given_its_secrets(
        self, tmp_path: Path
    ) -> None:
        secrets = "ipmi_password: correct-horse\n# ipmi_password: old-horse\n"
        preseed = "password {{ params.root_password }}"
        machine = f"{MACHINE}{secrets}".replace(
            "params:\n", "params:\n    root_password: battery-staple\n"
        )
        assert "battery" in machine
        async with serving(tmp_path, to_strangers=True, machine=machine, preseed=preseed) as served:
            here = f"{served.url}/api/v1/machines/{HOST}"
            told = {}
            for scope in Scope:
                _, token = await served.parts.tokens.create(scope, scope, None)
                headers = {"Authorization": f"Bearer {token}"}
                answers = []
                for url, accept in (
                    (here, JSON),
                    (here, YAML),
                    (f"{here}/definition", JSON),
                    (f"{here}/templates/preseed", "*/*"),
                ):
                    async with served.session.get(
                        url, headers={**headers, "Accept": accept}
                    ) as answer:
                        assert answer.status == 200
                        tagged = scope is Scope.ADMIN and url == here
                        assert ("ETag" in answer.headers) is tagged
                        answers.append(await answer.text())
                told[scope] = answers

            for scope in (Scope.READ, Scope.BUILD):
                assert not [each for each in told[scope] if "horse" in each or "battery" in each]
                shown = json.loads(told[scope][0])["definition"]
                assert (shown["ipmi_password"], shown["hostname"]) == ("***", HOST)
                assert shown["params"]["root_password"] == "***"
                assert "\nipmi_password: •••ipmi_password•••\n" in told[scope][1]
                assert told[scope][3] == "password ***"
            shown, text, definition, rendered = told[Scope.ADMIN]
            assert json.loads(shown)["definition"]["ipmi_password"] == "correct-horse"
            assert text == machine
            assert "battery-staple" in definition
            assert rendered == "password battery-staple"

    async def test_any_other_token_is_a_strangers(self, tmp_path: Path) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            for token in ("pyxie_x", "\xe9", "x" * 5000):
                assert (await call(served, "GET", "/api/v1/machines", token))[0] == 403


class TestLife:
    async def test_created_listed_used_and_revoked_over_rest(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            wanted = {"name": "ci", "scope": "build", "seconds": 3600}
            status, answer = await call(served, "POST", "/api/v1/tokens", body=wanted)
            again = await call(served, "POST", "/api/v1/tokens", body=wanted)
            _, listed = await call(served, "GET", "/api/v1/tokens")

            assert (status, again[0]) == (201, 409)
            assert answer["token"].startswith("pyxie_")
            assert [each["name"] for each in listed["tokens"]] == ["ci"]
            assert answer["token"] not in json.dumps(listed)
            assert (await call(served, "DELETE", "/api/v1/tokens/ci"))[0] == 204
            assert (await call(served, "DELETE", "/api/v1/tokens/ci"))[0] == 404
            assert served.parts.tokens.find(key(answer["token"].encode())) is None

    @pytest.mark.parametrize(
        "wanted",
        [
            {"name": "a b"},
            {"name": ""},
            {},
            {"name": "a", "scope": "root"},
            {"name": "a", "seconds": 0},
            {"name": "a", "seconds": "soon"},
        ],
    )
    async def test_what_is_no_token_is_refused(
        self, tmp_path: Path, wanted: dict[str, object]
    ) -> None:
        async with serving(tmp_path) as served:
            status, _ = await call(served, "POST", "/api/v1/tokens", body=wanted)

            assert status in (400, 409)
            assert served.parts.tokens.all() == []

    async def test_it_ends_when_its_time_is_over(self, tmp_path: Path) -> None:
        clock = Clock()
        async with Database(url(tmp_path)) as store:
            tokens = Tokens(store, clock=clock, steady=clock)
            _, secret = await tokens.create("ci", Scope.READ, 60)

            assert tokens.find(key(secret.encode())) is not None
            clock.now += 60
            assert tokens.find(key(secret.encode())) is None

    @pytest.mark.parametrize("set_by", [YEARS, A_DAY_BACK], ids=["years on", "a day back"])
    async def test_it_ends_no_sooner_and_no_later_if_the_clock_is_set(
        self, tmp_path: Path, set_by: float
    ) -> None:
        passing = Clock()
        clock = SetClock(passing)
        async with Database(url(tmp_path)) as store:
            tokens = Tokens(store, clock=clock, steady=passing)
            _, secret = await tokens.create("ci", Scope.READ, 60)
            clock.set_by = set_by

            passing.now += 59
            assert tokens.find(key(secret.encode())) is not None
            passing.now += 1
            assert tokens.find(key(secret.encode())) is None

    @pytest.mark.parametrize(("set_by", "left"), [(0.0, 20), (A_DAY_BACK, 60), (YEARS, 0)])
    async def test_after_a_restart_it_is_good_for_no_longer_than_it_ever_was(
        self, tmp_path: Path, set_by: float, left: int
    ) -> None:
        passing = Clock()
        clock = SetClock(passing)
        async with Database(url(tmp_path)) as store:
            _, secret = await Tokens(store, clock=clock, steady=passing).create(
                "ci", Scope.READ, 60
            )
        passing.now += 40
        clock.set_by = set_by
        async with Database(url(tmp_path)) as store:
            tokens = Tokens(store, clock=clock, steady=passing)
            await tokens.load()
            good = []
            for _ in range(62):
                good.append(tokens.find(key(secret.encode())) is not None)
                passing.now += 1

        assert sum(good) == left

    async def test_it_outlives_a_restart_and_its_secret_is_nowhere_on_disk(
        self, tmp_path: Path
    ) -> None:
        async with Database(url(tmp_path)) as store:
            _, secret = await Tokens(store).create("ci", Scope.READ, None)
        async with Database(url(tmp_path)) as store:
            tokens = Tokens(store)
            await tokens.load()
            found = tokens.find(key(secret.encode()))

        assert found is not None
        assert found.name == "ci"
        assert secret.encode() not in _everything(tmp_path)


class TestAudit:
    async def test_names_who_changed_what_and_what_came_of_it(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            token = await served.build()
            await call(served, "PUT", "/build/nobody")
            await call(served, "DELETE", f"/api/v1/builds/{HOST}")
            await call(served, "GET", "/api/v1/machines")
            _, page = await call(served, "GET", "/api/v1/audit?limit=2")
            _, rest = await call(served, "GET", f"/api/v1/audit?before={page['next']}")

            told = [
                (each["who"], each["method"], each["path"], each["status"])
                for each in page["entries"] + rest["entries"]
            ]
            assert told == [
                ("this host", "DELETE", f"/api/v1/builds/{HOST}", 200),
                ("this host", "PUT", "/build/nobody", 404),
                ("this host", "PUT", f"/build/{HOST}", 200),
            ]
            assert rest["next"] is None
            assert token not in json.dumps(page)

    @pytest.mark.parametrize("query", ["limit=x", "limit=0", "before=-1", "limit=" + "9" * 30])
    async def test_a_page_that_is_none_is_400(self, tmp_path: Path, query: str) -> None:
        async with serving(tmp_path) as served:
            assert (await call(served, "GET", f"/api/v1/audit?{query}"))[0] == 400

    async def test_as_many_are_kept_as_the_settings_say(self, tmp_path: Path) -> None:
        async with Database(url(tmp_path)) as store:
            log = Audit(store, Metrics(), keep=lambda: 5, clock=Clock())
            for at in range(201):
                await log.note("x", "192.0.2.1", "PUT", f"/{at}", 200)

        with sqlite3.connect(tmp_path / "pyxie.sqlite") as connection:
            (count,) = connection.execute("SELECT COUNT(*) FROM audit").fetchone()
        connection.close()
        assert count == 5

    async def test_a_machine_that_says_done_is_no_entry(self, tmp_path: Path) -> None:
        async with serving(tmp_path, machine=MACHINE) as served:
            await served.get(f"/done/{HOST}/{await served.build()}")
            _, page = await call(served, "GET", "/api/v1/audit")

            assert [each["method"] for each in page["entries"]] == ["PUT"]
