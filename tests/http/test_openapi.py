"""The OpenAPI document says what the routes do, and its page needs nobody else."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import Failure

from pyxie.http.openapi import document
from pyxie.operations import operations
from tests.http.site import CONFIG, HOST, Served, lay, serving

OPERATIONS = {(each.method, each.path): each for each in operations(1)}
PAGES = {"/api/v1/openapi.json", "/api/v1/docs", "/api/v1/docs/{name}"}
"""What is no call, but tells of them."""
DOCUMENT = document(OPERATIONS.values())


class TestDocument:
    def test_is_valid(self) -> None:
        OpenAPIV31SpecValidator(DOCUMENT).validate()

    def test_tells_of_every_call_and_of_no_other(self) -> None:
        routed = {
            (method, path)
            for method, path in OPERATIONS
            if path.startswith("/api/v1/") and path not in PAGES
        }
        described = {
            (method.upper(), path)
            for path, methods in DOCUMENT["paths"].items()
            for method in methods
        }

        assert routed == described

    def test_each_call_has_words_a_scope_and_a_name_of_its_own(self) -> None:
        calls = [each for methods in DOCUMENT["paths"].values() for each in methods.values()]

        assert len({each["operationId"] for each in calls}) == len(calls)
        assert all(each["summary"].endswith(".") for each in calls)
        scopes = {each["operationId"]: each["security"][1]["token"] for each in calls}
        assert scopes["putBuildsHostname"] == ["build"]
        assert scopes["getTokens"] == ["admin"]
        assert scopes["deleteMachinesHostname"] == ["admin"]
        assert scopes["getMachines"] == ["read"]

    def test_no_reference_leads_nowhere(self) -> None:
        named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(DOCUMENT)))

        assert named <= DOCUMENT["components"]["schemas"].keys()
        assert "$defs" not in json.dumps(DOCUMENT)

    async def test_is_served_to_all(self, tmp_path: Path) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            answer = await served.get("/api/v1/openapi.json")

            assert answer.status == 200
            assert json.loads(answer.body)["paths"] == DOCUMENT["paths"]

    async def test_is_made_where_no_dhcp_client_waits_for_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        where: list[str] = []

        def noting(_operations: object) -> bytes:
            where.append(threading.current_thread().name)
            return b"{}"

        monkeypatch.setattr("pyxie.http.openapi.document_text", noting)
        async with serving(tmp_path, to_strangers=True) as served:
            await served.get("/api/v1/openapi.json")

        assert where == ["pyxie management"]


class TestPage:
    async def test_all_that_it_names_comes_from_pyxie(self, tmp_path: Path) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            page = await served.get("/api/v1/docs")
            named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
            assert len(named) == 4
            for each in named:
                if each == "data:,":
                    continue
                part = await served.get(f"/api/v1/{each}")
                assert part.status == 200
                assert len(part.body) > 50
                assert part.headers["Content-Type"].startswith("text/")

            policy = page.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "http" not in policy
            assert "<script>" not in page.text
            start = (await served.get("/api/v1/docs/start.js")).text
            assert "validatorUrl: null" in start
            assert 'url: "openapi.json"' in start

    @pytest.mark.parametrize("name", ["swagger-ui.js.map", "..%2fswagger-ui.css", "__init__.py"])
    async def test_nothing_else_of_that_package_is_served(self, tmp_path: Path, name: str) -> None:
        async with serving(tmp_path) as served:
            assert (await served.get(f"/api/v1/docs/{name}")).status == 404

    async def test_it_opens_nothing_to_strangers(self, tmp_path: Path) -> None:
        async with serving(tmp_path, to_strangers=True) as served:
            assert (await served.get("/api/v1/machines")).status == 403


TYPES = f"{CONFIG}build_types: {{rescue: {{}}}}\n"

EXCLUDED = (
    # Files and queries that fit their schema can be wrong all the same: a name in two files, a
    # page with a MAC that is none. The tests of each call see to what is taken and what is not.
    "positive_data_acceptance",
)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path, config=TYPES) as served:
        served.parts.discovery.note("52:54:00:00:00:07", {"uuid": "x"})
        yield served


load_all_checks()
_CHECKS: Any = [check for check in CHECKS.get_all() if check.__name__ not in EXCLUDED]


@pytest.mark.slow
async def test_each_call_answers_as_the_document_says(served: Served) -> None:
    """Schemathesis makes up calls of all kinds, valid and not, from the document."""
    found = schemathesis.openapi.from_dict(json.loads(json.dumps(DOCUMENT)))

    operations: Any = [result.ok() for result in list[Any](found.get_all_operations())]
    with requests.Session() as session:
        session.trust_env = False  # or it is looked for proxies before each call
        failures = await asyncio.to_thread(
            lambda: [told for each in operations if (told := _failure(each, served, session))]
        )

    assert not failures, "\n".join(failures)


EXAMPLES = 16
LONGEST = 8000
"""Characters; a longer request line is refused before it comes to be a call."""
KNOWN = {"hostname": [HOST, "web01", "nobody"], "kind": ["preseed", "cmdline", "x"]}
"""What a made-up name would hardly hit."""


def _failure(operation: Any, served: Served, session: requests.Session) -> str:
    """Return what is wrong with the answers to an operation; empty for nothing."""
    # An If-Match that does not hold is 412 before anybody looks at the body, which is rightly
    # so (RFC 9110 section 13.2.1), but no rejection of the body to schemathesis.
    matched = OPERATIONS[operation.method.upper(), operation.path].matched
    left_out = {"negative_data_rejection"} if matched else set()
    checks = [each for each in _CHECKS if each.__name__ not in left_out]
    calls = itertools.count()
    last: list[str] = []
    both = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of([operation.as_strategy(generation_mode=mode) for mode in both]))
    def one(case: Case[Any]) -> None:
        if isinstance(case.query, dict):
            case.query.pop("follow", None)  # its answer has no end
        at = next(calls) % 4
        for name, values in KNOWN.items():
            if at and name in (case.path_parameters or {}):
                case.path_parameters[name] = values[at - 1]
        if at % 2 and "If-Match" in (case.headers or {}):
            case.headers["If-Match"] = "*"
        last[:] = [case.as_curl_command()]
        assume(len(last[0]) < LONGEST)
        case.call_and_validate(base_url=served.url, session=session, checks=checks, timeout=10)

    # Whatever was called before, there are machines, one of them in build mode.
    lay(served.folder, config=TYPES)
    (served.folder / "machines/web01.yaml").write_text("network: [{macaddress: 525400000001}]\n")
    session.put(f"{served.url}/build/{HOST}", timeout=10)
    try:
        one()
    except BaseExceptionGroup as exc:
        return f"{last}: {[str(each) for each in exc.exceptions]}"
    except Failure as exc:
        return f"{last}: {exc}"
    return ""
