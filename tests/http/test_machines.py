"""Machines over REST: read, created, changed and deleted, and who is told what is wrong."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.config.nodes import parse
from pyxie.errors import ConfigError
from pyxie.http import machine_files
from tests.http.site import HOST, MAC, MACHINE, Answer, Served, serving
from tests.recognised import standing

PROBLEM = "application/problem+json; charset=utf-8"
HERE = f"/api/v1/machines/{HOST}"
NEW = "/api/v1/machines/web02"
JSON = "application/json"
YAML = "application/yaml"
WEB02 = b"hostname: web02  # ours\nnetwork:\n  - macaddress: 52:54:00:00:00:02\n"
DEFINITION = parse(MACHINE.encode(), Path("x")).data


def problem(answer: Answer) -> tuple[int, str]:
    """Return the status and the detail of problem JSON, RFC 9457."""
    assert answer.headers["Content-Type"] == PROBLEM
    body = json.loads(answer.body)
    assert (body["type"], body["status"]) == ("about:blank", answer.status)
    return answer.status, body["detail"]


def problems(answer: Answer, folder: Path) -> list[str]:
    """Return what is told to be wrong, without the folder's name."""
    assert problem(answer) == (400, "\n".join(json.loads(answer.body)["problems"]))
    told: list[str] = json.loads(answer.body)["problems"]
    return [each.replace(f"{folder}/machines/", "") for each in told]


async def etag(served: Served, path: str = HERE) -> str:
    return (await served.get(path)).headers["ETag"]


async def send(served: Served, method: str, path: str, body: Any, **headers: str) -> Answer:
    """Send JSON, or YAML if it is bytes."""
    kind, data = (YAML, body) if isinstance(body, bytes) else (JSON, json.dumps(body).encode())
    return await served.ask(method, path, data, **{"Content_Type": kind, **headers})


def file(folder: Path, name: str = f"{HOST}.yaml") -> str:
    return (folder / "machines" / name).read_text()


KEEPS = f"{HOST} keeps its data: neither a template nor the command line wipes a disk"


class TestReading:
    async def test_are_listed_with_their_builds(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()

            now = served.clock.now
            listed: dict[str, Any] = {
                "hostname": HOST,
                "macs": [MAC],
                "build": {
                    "host": HOST,
                    "state": "pending",
                    "begun": now,
                    "changed": now,
                    "mac": None,
                    "build_type": "",
                    "reason": "",
                    "wipes": {
                        "answer": "no",
                        "sentences": [KEEPS],
                        "disks": [],
                    },
                    "given": {},
                    "trouble": None,
                },
            }
            assert json.loads((await served.get("/api/v1/machines")).body) == {
                "machines": [listed],
                "problems": [],
                "not_in_force": [],
                "next": None,
            }
            assert json.loads((await served.get(f"/api/v1/machines/{HOST}")).body) == {
                **listed,
                "secure_boot": [],
                "hooks": [],
                "history": [
                    {
                        "build": 1,
                        "at": now,
                        "state": "pending",
                        "cause": "PUT /build",
                        "peer": "127.0.0.1",
                    }
                ],
                "definition": DEFINITION,
                "problems": [],
                "not_in_force": [],
            }

    async def test_one_that_is_unknown_is_404_with_the_near_names(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            assert problem(await served.get("/api/v1/machines/linux001")) == (
                404,
                f"Unable to find host definition for linux001\nDid you mean {HOST}?",
            )

    async def test_the_file_itself_is_given_as_yaml_if_asked(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            answer = await served.get(HERE, Accept=YAML)

            assert (answer.text, answer.headers["Content-Type"]) == (MACHINE, YAML)
            assert answer.headers["ETag"] == await etag(served)

    async def test_a_broken_file_is_shown_with_what_is_wrong(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            (tmp_path / "machines/web02.yaml").write_text("nonsense: x\n")

            answer = await served.get(NEW)

            shown = json.loads(answer.body)
            assert shown["definition"] == {"nonsense": "x", "hostname": "web02"}
            assert shown["problems"] == [
                (
                    f"{tmp_path}/machines/web02.yaml:1:1: nonsense: unknown key;"
                    " a value for templates goes below 'params'"
                )
            ]
            assert answer.headers["ETag"]

    async def test_the_etag_changes_with_the_file_and_with_nothing_else(
        self, tmp_path: Path
    ) -> None:
        async with serving(tmp_path) as served:
            before = await etag(served)
            await served.build()
            assert await etag(served) == before

            (tmp_path / f"machines/{HOST}.yaml").write_text(MACHINE + "#\n")

            assert await etag(served) != before


class TestCreating:
    async def test_puts_the_machine_in_force_at_once(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            body = {"hostname": "web02", "network": [{"macaddress": "525400000002"}]}

            answer = await send(served, "POST", "/api/v1/machines", body)

            assert (answer.status, answer.headers["Location"]) == (201, NEW)
            assert answer.headers["ETag"] == await etag(served, NEW)
            assert json.loads(answer.body)["macs"] == ["52:54:00:00:00:02"]
            assert standing(served.parts.recogniser.of("52:54:00:00:00:02")).host == "web02"
            assert file(tmp_path, "web02.yaml") == (
                "hostname: web02\nnetwork:\n  - macaddress: 525400000002\n"
            )

    async def test_keeps_yaml_as_it_was_sent(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            answer = await send(served, "POST", "/api/v1/machines", WEB02)

            assert answer.status == 201
            assert file(tmp_path, "web02.yaml") == WEB02.decode()

    async def test_by_put_needs_that_there_is_none(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            first = await send(served, "PUT", NEW, WEB02, If_None_Match="*")
            second = await send(served, "PUT", NEW, WEB02, If_None_Match="*")

            assert (first.status, first.headers["Location"]) == (201, NEW)
            assert problem(second) == (412, "there is a machine web02 already")

    async def test_of_one_that_is_there_is_a_conflict(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            answer = await send(served, "POST", "/api/v1/machines", {"hostname": HOST})

            assert problem(answer) == (409, f"there is a machine {HOST} already")

    async def test_with_mistakes_tells_all_of_them_and_writes_nothing(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            nic = {"macaddress": MAC}
            body: dict[str, Any] = {"hostname": "web02", "network": [nic], "kernl": "x"}

            wrong = await send(served, "POST", "/api/v1/machines", body)
            body.pop("kernl")
            taken = await send(served, "POST", "/api/v1/machines", body)

            assert problems(wrong, tmp_path) == [
                "web02.yaml:4:1: kernl: unknown key; did you mean 'kernel'?"
            ]
            twin = f"the MAC {MAC} is also at {HOST}.yaml:11:17"
            assert problems(taken, tmp_path) == [f"web02.yaml:3:17: network[0].macaddress: {twin}"]
            assert [each.name for each in (tmp_path / "machines").iterdir()] == [f"{HOST}.yaml"]

    @pytest.mark.parametrize(
        ("kind", "body", "status", "detail"),
        [
            (
                JSON,
                b"{",
                400,
                "body: is not JSON: Expecting property name enclosed in double quotes",
            ),
            (JSON, b'{"a": 1, "a": 2}', 400, "body: is not JSON: an object has a key twice"),
            (JSON, b'{"a": "\\ud800"}', 400, "body: is not JSON: 'utf-8' codec can't encode"),
            (JSON, b"[" * 10_000, 400, "body: is not JSON: "),
            (JSON, b"[" * 100_000, 400, "body:1:20001: holds over 20,000 keys and values"),
            (JSON, b"[" * 99 + b"]" * 99, 400, "body: is not JSON: is nested too deeply"),
            (JSON, b"[]", 400, "body: must be a mapping of keys to values"),
            (JSON, b"{}", 400, "body: hostname: missing"),
            (
                JSON,
                b'{"hostname": "../x"}',
                400,
                "new.yaml:1:11: hostname: '../x' is not a hostname",
            ),
            (YAML, b"a: [", 400, "body:2:1: is not YAML: "),
            (YAML, b"\xff", 400, "body:1:1: is not UTF-8 text"),
            ("text/plain", b"", 415, f"the Content-Type must be {JSON} or {YAML}"),
        ],
    )
    async def test_by_a_body_that_is_none_says_why(
        self, tmp_path: Path, kind: str, body: bytes, status: int, detail: str
    ) -> None:
        async with serving(tmp_path) as served:
            answer = await served.ask("POST", "/api/v1/machines", body, Content_Type=kind)

            told, words = problem(answer)
            assert told == status
            assert words.replace(f"{tmp_path}/machines/", "").startswith(detail)


class TestReplacing:
    async def test_writes_the_file_anew(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            text = f"hostname: {HOST}\ndomain: x.example\n".encode()

            answer = await send(served, "PUT", HERE, text, If_Match=await etag(served))

            assert answer.status == 200
            assert answer.headers["ETag"] == await etag(served)
            assert file(tmp_path) == text.decode()
            assert served.parts.machines().machines[HOST].domain == "x.example"

    async def test_by_json_keeps_the_comments_of_what_stays(self, tmp_path: Path) -> None:
        text = MACHINE.replace("kernel: linux", "kernel: linux  # ours")
        async with serving(tmp_path, machine=text) as served:
            body = {**json.loads((await served.get(HERE)).body)["definition"], "domain": "x"}

            await send(served, "PUT", HERE, body, If_Match="*")

            assert file(tmp_path) == text + "domain: x\n"

    async def test_needs_to_know_what_is_replaced(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            seen = await etag(served)
            (tmp_path / f"machines/{HOST}.yaml").write_text(MACHINE + "# by hand\n")

            without = await send(served, "PUT", HERE, {})
            stale = await send(served, "PUT", HERE, {"hostname": HOST}, If_Match=seen)
            weak = await send(
                served, "PUT", HERE, {"hostname": HOST}, If_Match=f"W/{await etag(served)}"
            )

            how = f"{machine_files._HOW}{machine_files._CREATING}"
            changed = (412, f"the file of {HOST} has changed meanwhile; read it again")
            assert problem(without) == (428, how)
            assert problem(stale) == problem(weak) == changed
            assert file(tmp_path) == MACHINE + "# by hand\n"

    async def test_of_what_is_not_there_cannot_match(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            answer = await send(served, "PUT", NEW, WEB02, If_Match='"seen"')

            status, detail = problem(answer)
            assert status == 412
            assert detail.startswith(
                "there is no machine web02, so If-Match cannot hold; to create"
            )

    @pytest.mark.parametrize(
        ("path", "headers"), [(f"{NEW}?upsert=1", {}), (NEW, {"If_Match": "*"})], ids=str
    )
    async def test_creates_what_is_not_there_if_the_caller_does_not_mind(
        self, tmp_path: Path, path: str, headers: dict[str, str]
    ) -> None:
        async with serving(tmp_path) as served:
            first = await send(served, "PUT", path, WEB02, **headers)
            again = await send(served, "PUT", path, WEB02 + b"domain: x\n", **headers)

            assert (first.status, again.status) == (201, 200)
            assert served.parts.machines().machines["web02"].domain == "x"

    async def test_an_upsert_keeps_to_a_precondition_all_the_same(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            gone = await send(served, "PUT", f"{NEW}?upsert=1", WEB02, If_Match='"seen"')
            there = await send(
                served, "PUT", f"{HERE}?upsert=1", {"hostname": HOST}, If_None_Match="*"
            )

            assert (gone.status, there.status) == (412, 412)
            assert file(tmp_path) == MACHINE

    async def test_mends_a_broken_file(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            (tmp_path / "machines/web02.yaml").write_text("nonsense: [")

            answer = await send(served, "PUT", NEW, WEB02, If_Match=await etag(served, NEW))

            assert answer.status == 200
            assert served.parts.machines().problems == ()


class TestPatching:
    async def test_changes_what_it_names_and_clears_what_is_null(self, tmp_path: Path) -> None:
        text = MACHINE.replace("params:", "# Ours:\nparams:")
        async with serving(tmp_path, machine=text) as served:
            patch: dict[str, Any] = {
                "params": {"static": None, "disk": "/dev/sdb", "n": 1.10},
                "kernel": None,
            }

            answer = await send(served, "PATCH", HERE, patch, If_Match=await etag(served))

            assert answer.status == 200
            wanted = text.replace("kernel: linux\n", "")
            assert file(tmp_path) == wanted.replace(
                "params:\n    static: True\n", "params:\n    disk: /dev/sdb\n    n: 1.1\n"
            )
            assert "kernel" not in json.loads(answer.body)["definition"]

    async def test_keeps_the_text_of_numbers(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            body = b'{"params": {"version": 1.10}}'

            await served.ask(
                "PATCH", HERE, body, Content_Type="application/merge-patch+json", If_Match="*"
            )

            assert served.parts.machines().machines[HOST].params["version"] == "1.10"

    @pytest.mark.parametrize(
        ("headers", "status", "detail"),
        [
            ({}, 428, "send the ETag that GET gave as If-Match"),
            ({"If_Match": '"x"'}, 412, f"the file of {HOST} has changed meanwhile; read it again"),
            (
                {"If_Match": "*", "Content_Type": YAML},
                415,
                "the Content-Type must be application/merge-patch+json or application/json",
            ),
        ],
    )
    async def test_is_refused_as_a_replacement_is(
        self, tmp_path: Path, headers: dict[str, str], status: int, detail: str
    ) -> None:
        async with serving(tmp_path) as served:
            assert problem(await send(served, "PATCH", HERE, {}, **headers)) == (status, detail)

    async def test_of_an_unknown_machine_is_404(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            answer = await send(served, "PATCH", NEW, {}, If_Match="*")

            assert problem(answer) == (404, "there is no machine web02")

    async def test_that_would_break_the_file_changes_nothing(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            named = await send(served, "PATCH", HERE, {"hostname": "web02"}, If_Match="*")
            wrong = await send(served, "PATCH", HERE, {"newtork": []}, If_Match="*")
            shape = await send(served, "PATCH", HERE, ["x"], If_Match="*")

            assert problems(named, tmp_path) == [
                f"{HOST}.yaml:1:11: hostname: a machine keeps its name; this one is '{HOST}'"
            ]
            assert problems(wrong, tmp_path) == [
                f"{HOST}.yaml:14:1: newtork: unknown key; did you mean 'network'?"
            ]
            assert problem(shape)[0] == 409
            assert file(tmp_path) == MACHINE

    async def test_of_what_only_a_person_can_change_says_so(self, tmp_path: Path) -> None:
        text = f"hostname: {HOST}\ntemplates: &both {{a: b}}\nparams: *both\n"
        async with serving(tmp_path, machine=text) as served:
            answer = await send(
                served, "PATCH", HERE, {"templates": {"a": "c"}}, If_Match=await etag(served)
            )

            status, detail = problem(answer)
            assert status == 409
            assert detail.endswith("; PUT it whole")

    @given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
    def test_any_body_is_read_or_refused(self, raw: bytes) -> None:
        with suppress(ConfigError):
            machine_files._json(raw)


class TestRemoving:
    async def test_takes_the_machine_out_at_once(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            answer = await served.ask("DELETE", HERE, If_Match=await etag(served))

            assert answer == Answer(204, b"")
            assert served.parts.machines().machines == {}
            assert (await served.get(HERE)).status == 404

    async def test_needs_to_know_what_is_removed(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            assert problem(await served.ask("DELETE", HERE))[0] == 428
            assert problem(await served.ask("DELETE", HERE, If_Match='"x"'))[0] == 412
            assert problem(await served.ask("DELETE", NEW, If_Match="*"))[0] == 404

    async def test_in_build_mode_needs_force(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            await served.build()

            refused = await served.ask("DELETE", HERE, If_Match="*")
            forced = await served.ask("DELETE", f"{HERE}?force=1", If_Match="*")

            assert problem(refused) == (
                409,
                f"{HOST} is in build mode; cancel that first, or say force=1 (--force)",
            )
            assert forced.status == 204


class TestWriting:
    async def test_where_nothing_can_be_written_names_the_setting(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            (tmp_path / "machines").rename(tmp_path / "elsewhere")
            (tmp_path / "machines").write_text("")

            status, detail = problem(await send(served, "PUT", NEW, WEB02, If_None_Match="*"))

            assert status == 409
            assert detail.endswith(
                "set 'machinepath' in config.yaml to a folder that pyxie may write to"
            )

    async def test_is_for_those_who_may_manage(self, tmp_path: Path) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            for method, path in [
                ("POST", "/api/v1/machines"),
                ("PUT", HERE),
                ("PATCH", HERE),
                ("DELETE", HERE),
                ("GET", HERE),
            ]:
                assert (await send(served, method, path, {}, If_Match="*")).status == 403
            assert file(tmp_path) == MACHINE

    async def test_by_two_at_once_of_one_address_is_granted_to_one(self, tmp_path: Path) -> None:
        async with serving(tmp_path) as served:
            nic = [{"macaddress": "525400000002"}]

            answers = await asyncio.gather(
                *(
                    send(
                        served, "POST", "/api/v1/machines", {"hostname": f"web{at}", "network": nic}
                    )
                    for at in range(4)
                )
            )

            assert sorted(answer.status for answer in answers) == [201, 400, 400, 400]
            assert served.parts.machines().problems == ()
