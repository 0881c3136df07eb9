"""What a machine file says changes no installer's file: judged by the parser of each format."""

from __future__ import annotations

import base64
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pyxie.errors import RenderError
from pyxie.render.rendering import Rendering, kinds
from tests.needs import program
from tests.render import examples
from tests.render.examples import config, context
from tests.render.judges import judged
from tests.render.test_ipxe_text import HOSTILE

PARAMS = (
    *("locale", "keyboard", "timezone", "proxy", "packages", "ssh_key", "disk", "nameservers"),
    *("mirror_host", "mirror_path", "ubuntu_mirror", "suse_product", "alpine_mirror"),
    *("alpine_version", "fedora_version", "fedora_mirror", "el_version", "el_mirror"),
    *("country", "mailto", "root_password_hash", "filesystem", "ubuntu_iso"),
)
NAME = "network[0].name"
MORE = (
    "%end",
    "%packages",
    "]]>",
    "</profile>",
    "<!--",
    "END",
    "a: b",
    "- x",
    "[section]",
    "'''",
    '"',
)
texts = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from([*HOSTILE[:-2], *MORE, "x", " ", "\n"]), max_size=4).map("".join),
)
hostile = st.sampled_from([*PARAMS, NAME]), texts


@cache
def rendering() -> Rendering:
    return Rendering(config())


def rendered(name: str, field: str, value: str) -> dict[str, str]:
    """Return all that an example gets, with a value of its file; raises as the rehearsal does."""
    machine = examples.example(name, **({field: value} if field in PARAMS else {}))
    if field == NAME:
        nic = machine.network[0].model_copy(update={"name": value, "macaddress": None})
        machine = machine.model_copy(update={"network": (nic, *machine.network)})
    seen = context(examples.example(name))
    found = {kind: rendering().template(machine, kind, seen) for kind in kinds(machine)}
    return {**found, "cmdline": rendering().boot(machine, seen).cmdline}


def skeleton(kind: str, text: str) -> Any:
    """Return what stays the same, whatever the values are; fails as the format's parser does."""
    if text.startswith("<?xml"):
        tags = [each.tag.partition("}")[2] for each in ElementTree.fromstring(text).iter()]
        return [tag for tag in tags if tag != "package"]  # of which there are as many as one likes
    if text.lstrip().startswith(("{", "[")):
        return _keys(json.loads(text))
    if kind in ("user-data", "meta-data", "vendor-data", "network-config"):
        return _keys(yaml.safe_load(text))
    if "[global]" in text:
        return _keys(tomllib.loads(text))
    if "\nzerombr" in text:
        return list(_kickstart(text))
    if "\nd-i " in text:
        return list(_preseed(text))
    if kind == "cmdline":
        return len(text.splitlines())
    return _shell(text)


def _keys(data: Any) -> Any:
    """Return data without its texts; what stands in base64 or is a script is looked into."""
    if isinstance(data, dict):
        named = ("ethernets", "vlans")  # by what the file calls them
        return {
            key: [_keys(each) for each in value.values()] if key in named else _keys(value)
            for key, value in data.items()
        }
    if isinstance(data, list):
        return "list" if all(isinstance(each, str) for each in data) else [_keys(e) for e in data]
    if isinstance(data, str) and data.startswith("data:;base64,"):
        return _shell(base64.b64decode(data.partition(",")[2]).decode())
    return type(data).__name__


@cache
def _shell(text: str) -> Any:
    """Return a script's syntax tree, without its texts and places."""
    shfmt = program("shfmt", "shfmt")
    # It takes U+0080, which its parser has for the end of a file, for that.
    code, told = judged([shfmt, "-ln", "posix", "-tojson"], text.replace("\x80", "\x81"))
    assert code == 0, told
    return _tree(json.loads(told))


def _tree(node: Any) -> Any:
    if isinstance(node, list):
        return [_tree(each) for each in node]
    if not isinstance(node, dict):
        return node
    if "Parts" in node and all(map(_is_text, node["Parts"])):
        return "text"
    kept = {
        key: value
        for key, value in node.items()
        if key not in ("Value", "Comments", "Last") and not _is_place(value)
    }
    return {key: _tree(value) for key, value in kept.items()}


def _is_place(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"Offset", "Line", "Col"}


def _is_text(part: dict[str, Any]) -> bool:
    inner = part.get("Parts", [])
    return part["Type"] in ("Lit", "SglQuoted", "DblQuoted") and all(map(_is_text, inner))


def _preseed(text: str) -> Iterator[tuple[str, ...]]:
    """Walk a preseed's answers without their values, as debconf-set-selections reads lines."""
    for answer in re.sub(r"\\\n\s*", " ", text).split("\n"):
        if answer.strip() and not answer.startswith("#"):
            owner, question, kind, *_ = (answer + " ").split(" ", 3)
            yield owner, question, kind


def _kickstart(text: str) -> Iterator[str]:
    """Walk a kickstart's commands and sections; scripts as how many words they have."""
    section, script = "", ""
    for each in text.split("\n"):
        if not section and each.startswith("%") and not each.startswith("%include"):
            section, script = each, ""
        elif section and each == "%end":
            yield section if section == "%packages" else f"{section} {json.dumps(_shell(script))}"
            section = ""
        elif section:
            script += each + "\n"
        elif words := shlex.split(each, comments=True):
            yield f"{words[0]} {len(words)}"
    assert not section


@cache
def plain(name: str, field: str) -> dict[str, Any]:
    harmless = {
        "disk": "/dev/vda",
        "nameservers": "192.0.2.1",
        "filesystem": "xfs",
        "proxy": "http://192.0.2.1:3128",
    }
    made = rendered(name, field, harmless.get(field, "x"))
    return {kind: skeleton(kind, text) for kind, text in made.items()}


@pytest.mark.parametrize("name", examples.names())
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=25)
@given(field=hostile[0], value=hostile[1])
@example(field="ssh_key", value="a\nEND\nreboot")
@example(field="locale", value="C\nd-i preseed/early_command string reboot")
@example(field="locale", value="C\n%pre\nreboot\n%end")
@example(field="packages", value="%end")
@example(field="fedora_version", value="9\n%pre\nreboot\n%end")
@example(field="keyboard", value="us\x85d-i a b c")
@example(field="root_password_hash", value="\x7f\u2028")
@example(field=NAME, value="lan\n[Network]\nDHCP=yes")
@example(field=NAME, value="$(reboot)")
@example(field="mirror_path", value="\\")
@example(field="alpine_version", value="v3; reboot")
@example(field="proxy", value="http://a;reboot@192.0.2.1")
def test_text_stays_text_or_is_refused(name: str, field: str, value: str) -> None:
    try:
        made = rendered(name, field, value)
    except RenderError:
        return

    for kind, text in made.items():
        found, wanted = skeleton(kind, text), plain(name, field)[kind]
        if value.strip() or field == NAME:
            assert found == wanted, kind
