"""The worked examples of the OpenAPI document: they fit their schemas, and work as they stand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pyxie.http.examples import ANSWERS, PARAMETERS, REQUESTS
from pyxie.registry.machine import Machine
from tests.http.site import CONFIG, serving
from tests.http.test_machines import send
from tests.http.test_openapi import DOCUMENT, OPERATIONS
from tests.media.isos import UNKNOWN, made

CALLS = [
    (method, path, call)
    for path, methods in DOCUMENT["paths"].items()
    for method, call in methods.items()
]
SENT = [
    ("POST", "/api/v1/machines", 201),
    ("PUT", "/api/v1/machines/{hostname}", 200),
    ("PATCH", "/api/v1/machines/{hostname}", 200),
    ("PUT", "/api/v1/builds/{hostname}", 200),
    ("POST", "/api/v1/builds", 200),
    ("POST", "/api/v1/builds/{hostname}/failed", 200),
    ("POST", "/api/v1/boots", 201),
    ("POST", "/api/v1/images/fetch", 202),
    ("POST", "/api/v1/images/prune", 200),
    ("POST", "/api/v1/media", 202),
    ("POST", "/api/v1/media/{medium}/confirm", 200),
    ("POST", "/api/v1/tokens", 201),
    ("DELETE", "/api/v1/tokens/{name}", 204),
    ("DELETE", "/api/v1/machines/{hostname}", 204),
    ("PUT", "/api/v1/machines/{hostname}", 201),
]
"""In an order in which a newcomer might try them."""


def fits(example: Any, schema: Any) -> None:
    jsonschema.Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(
        example
    )


class TestEachCall:
    @pytest.mark.parametrize(("method", "path", "call"), CALLS, ids=str)
    def test_has_an_example_that_fits(self, method: str, path: str, call: dict[str, Any]) -> None:
        answers = [call["responses"][each] for each in call["responses"] if each < "300"]
        contents = [each.get("content", {}) for each in answers]
        if method != "get" and "requestBody" in call:
            contents.append(call["requestBody"]["content"])

        for content in contents:
            for kind, described in content.items():
                assert "example" in described
                if kind.endswith("json"):
                    fits(described["example"], described["schema"])
        for parameter in call["parameters"]:
            assert "example" in parameter or not parameter.get("required")

    def test_is_the_only_one_to_have_them(self) -> None:
        taken = {key for key, each in OPERATIONS.items() if each.answer}
        assert ANSWERS.keys() <= taken
        assert REQUESTS.keys() <= {key for key, each in OPERATIONS.items() if each.body}


class TestWhatIsSent:
    def test_is_all_that_there_is(self) -> None:
        assert REQUESTS.keys() <= {(method, path) for method, path, _ in SENT}

    async def test_works_as_it_stands(self, tmp_path: Path) -> None:
        """With a command line for all machines that asks for nothing that this one has not."""
        config = re.sub(r"(?m)^default_cmdline: .*$", "default_cmdline: auto", CONFIG)
        (tmp_path / "isos").mkdir()
        iso = made(tmp_path / "isos/tools.iso", UNKNOWN)
        async with serving(tmp_path, config=config) as served:
            await served.parts.media.add(iso)
            await served.parts.media.refresh()
            answered = []
            for method, path, _ in SENT:
                sent = REQUESTS.get((method, path))
                headers = {"If_Match": "*"} if OPERATIONS[method, path].matched else {}
                url = path.format(**PARAMETERS)
                answer = await send(served, method, url, sent, **headers)
                answered.append((method, path, answer.status))

            assert answered == SENT

    def test_in_yaml_is_the_same_machine(self) -> None:
        content = DOCUMENT["paths"]["/api/v1/machines"]["post"]["requestBody"]["content"]
        written = json.dumps(content["application/json"]["example"])

        assert "web01.example.org" in written
        for key in Machine.model_validate(json.loads(written)).model_fields_set:
            assert f"{key}:" in content["application/yaml"]["example"]
