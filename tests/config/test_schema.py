"""The schemas that editors are given: they take what pyxie takes, and no misspelt key."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from pyxie.commands.schema import KINDS, of
from tests.test_docs import DOCUMENTS, fences

TOP = Path(__file__).parents[2]
SHIPPED = {"config.yaml": "config"} | {
    str(path.relative_to(TOP)): kind
    for kind, folder in (("machine", "machines"), ("recipe", "recipes"))
    for path in TOP.glob(f"{folder}/*.yaml")
}


@cache
def validator(kind: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(of(kind))


def as_editors_read(text: str) -> Any:
    """Return YAML 1.2's values, with numbers and booleans; a date is a text there."""
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(text), default=str))


def complaints(kind: str, text: str) -> list[str]:
    errors = validator(kind).iter_errors(as_editors_read(text))
    return sorted(error.message for error in errors)


@pytest.mark.parametrize("kind", KINDS)
class TestEverySchema:
    def test_is_one_of_json_schema_2020_12(self, kind: str) -> None:
        assert of(kind)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        jsonschema.Draft202012Validator.check_schema(of(kind))

    def test_is_in_docs_as_the_models_are_now(self, kind: str) -> None:
        """If not: `pyxie schema KIND > docs/schema/KIND.json`."""
        assert json.loads((TOP / f"docs/schema/{kind}.json").read_text()) == of(kind)

    @pytest.mark.parametrize("key", ["kernl", "Kernel", "kernel_"])
    def test_refuses_a_misspelt_key(self, kind: str, key: str) -> None:
        assert complaints(kind, f"kernel: x\n{key}: linux\n") == [
            f"Additional properties are not allowed ({key!r} was unexpected)"
        ]


class TestShippedFiles:
    @pytest.mark.parametrize(("name", "kind"), SHIPPED.items())
    def test_are_valid(self, name: str, kind: str) -> None:
        assert complaints(kind, (TOP / name).read_text()) == []

    def test_lead_editors_to_a_schema_only_where_it_is_after_the_installation_too(self) -> None:
        """Settings lie beside `docs/schema` here and in /etc/pyxie; machines go elsewhere."""
        leads = {
            name: found[1]
            for name in SHIPPED
            if (found := re.search(r"\$schema=(\S+)", (TOP / name).read_text()))
        }

        assert leads == {"config.yaml": "docs/schema/config.json"}
        installed = (TOP / "docs/install.md").read_text(encoding="utf-8")
        assert "cp -r /usr/local/src/pyxie/docs/schema /etc/pyxie/docs/" in installed

    @pytest.mark.parametrize("kind", ["machine", "config", "group"])
    def test_and_the_examples_of_the_documents_are_valid(self, kind: str) -> None:
        for document in DOCUMENTS:
            for example in fences(document.read_text(encoding="utf-8"), f"yaml {kind}"):
                assert complaints(kind, example) == []


class TestMachines:
    @pytest.mark.parametrize(
        "text",
        [
            "params: {a: 1, b: true, c: 1.5, d: null, e: x, f: 0755}",
            "hostname:\nnetwork:\n",
            "network: [{macaddress: 525400123456}, {macaddress: 52-54-00-12-34-56, vlan_id: 7}]",
            "initrd: a",
            "initrd: [a, b]",
            "initrd: {name: BCD, url: Boot/BCD}",
            "initrd: [a, {name: BCD, url: Boot/BCD}]",
            "bootif: no",
            "bootif:",
            "image_url: http://192.0.2.1/",
            "postbuild_commands: [{command: [a, b], errors_fatal: yes, timeout_seconds: '5'}]",
            "tags: x",
        ],
    )
    def test_may_be_written_in_any_way_that_pyxie_reads(self, text: str) -> None:
        assert complaints("machine", text) == []

    @pytest.mark.parametrize(
        "text",
        [
            "network: {macaddress: 525400123456}",
            "network: [{macadress: 525400123456}]",
            "params: [a]",
            "params: {a: [b]}",
            "kernel: [a]",
            "postbuild_commands: [{command: a, timeout_seconds: 4000}]",
            "postbuild_commands: [{command: a, timeout_seconds: soon}]",
            "postbuild_commands: [{command: a, shell: perhaps}]",
            "initrd: [{name: BCD, ulr: Boot/BCD}]",
            "bootif: maybe",
        ],
    )
    def test_may_not_be_of_another_shape(self, text: str) -> None:
        assert len(complaints("machine", text)) == 1

    def test_are_explained_key_by_key(self) -> None:
        found = of("machine")

        assert found["properties"]["groups"]["description"].startswith("Files of 'grouppath'")
        assert found["properties"]["params"]["description"] == "The operator's own values."
        assert found["$defs"]["Nic"]["properties"]["vlan_id"]["description"] == (
            "The tag of the VLAN that its addresses are on; nothing for an untagged one."
        )


class TestSettings:
    @pytest.mark.parametrize("key", ["kernel", "default_kernel"])
    def test_keep_waitrons_names(self, key: str) -> None:
        assert complaints("config", f"{key}: linux\n") == []

    @pytest.mark.parametrize(
        "text",
        [
            "dhcp: {mode: 'off', bind: yes}\nhttp:\n",
            "api: {allow: 192.0.2.0/24, tokens: [a-token-of-sixteen]}",
            "api: {allow: [192.0.2.0/24, '2001:db8::/64']}",
            "http: {port: '8090'}",
            "build_types: {rescue: {kernel: x}, memtest: }",
        ],
    )
    def test_may_be_written_in_any_way_that_pyxie_reads(self, text: str) -> None:
        assert complaints("config", text) == []

    @pytest.mark.parametrize("text", ["dhcp: {mode: of}", "http: {port: 0}", "htp: {port: 1}"])
    def test_may_not_be_of_another_shape(self, text: str) -> None:
        assert complaints("config", text)
