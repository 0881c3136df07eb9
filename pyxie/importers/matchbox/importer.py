"""Matchbox's profiles, groups and templates as build types, machines and templates.

Facts: docs/matchbox.md of Matchbox. A group selects machines by labels, has metadata for
templates, and names a profile: what is booted, and which Ignition, cloud-config and generic
template the machine may fetch. Of groups that fit, the one with the most selectors wins.
"""

from __future__ import annotations

import json
import posixpath
import re
from dataclasses import dataclass, field
from typing import Any, Final

from pyxie.config.initrd import is_name
from pyxie.config.values import unicast
from pyxie.importers.languages.gotemplate.converter import convert
from pyxie.importers.notes import NotFoundError, Result, Tree, place
from pyxie.registry.edit import written
from pyxie.registry.machine import hostname

_KINDS: Final = ("ignition", "cloud", "generic")
_RAW = (".ign", ".ignition")
"""Endings of templates that Matchbox serves as they are."""
_ENDPOINT = re.compile(r"https?://[^\s/]+/(ignition|cloud|generic)(?:\?\S*)?(?=\s|$)")
_NAMED = re.compile(r"(?:--name|-n)[ =](\S+) ")
_ASSETS = "/assets/"
_PROFILE = frozenset(("id", "name", "boot", *(f"{kind}_id" for kind in _KINDS)))
_GROUP = frozenset(("id", "name", "profile", "selector", "metadata"))
_MATCHED = ("uuid", "serial", "hostname")
_AT_WILL: Final = """\
# Matchbox booted this wherever no group selected a machine. Without the '#', pyxie gives it to
# every unknown machine: one that comes by is installed, if this build type installs.
# unknown: {}
"""


@dataclass(slots=True)
class _Json:
    """A JSON file of Matchbox's."""

    path: str
    text: str
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Its name, by which others refer to it."""
        found = self.data.get("id")
        return found if isinstance(found, str) and found else _stem(self.path)


@dataclass(slots=True)
class _Group:
    """A group with what it selects."""

    file: _Json
    profile: str
    selector: dict[str, str]
    params: dict[str, str]


def read(tree: Tree) -> Result:
    """Convert Matchbox's data path.

    Raises:
        NotFoundError: There is no folder ``profiles`` in it.
    """
    return _Matchbox(tree).result


class _Matchbox:
    def __init__(self, tree: Tree) -> None:
        self.result = Result()
        self._tree = tree
        found = (re.match(r"((?:.*/)?)profiles/[^/]+\.json$", path) for path in sorted(tree))
        first = next(filter(None, found), None)
        if first is None:
            raise NotFoundError("there is no 'profiles/….json', as Matchbox's data path has it")
        self._root = first[1]
        self._nested: dict[str, str] = {}
        """Of the metadata's paths those that are maps or lists."""
        self._unknown = ""
        """The build type of machines that no group selects, which nobody gets unasked."""
        groups = [self._group(file) for file in self._files("groups")]
        types: dict[str, Any] = {
            _name(file.id): self._profile(file) for file in self._files("profiles")
        }
        config: dict[str, Any] = {"templatepath": "templates", "machinepath": "machines"}
        for group in groups:
            if group.profile not in types:
                self._add_note(group.file, "profile", f"left out: there is no {group.profile!r}")
                group.profile = ""
        if self._machines(groups, types):
            config["grouppath"] = "groups"
        text = written({**config, "build_types": types})
        if self._unknown:
            text = _AT_WILL.format(self._unknown) + text
        self.result.files["config.yaml"] = text
        self._templates()

    def _files(self, folder: str) -> list[_Json]:
        found = []
        for path in sorted(self._tree):
            if not path.startswith(f"{self._root}{folder}/") or not path.endswith(".json"):
                continue
            if posixpath.dirname(path) != f"{self._root}{folder}":
                self.result.add_note(path, f"left out: Matchbox reads no folders below '{folder}'")
                continue
            file = _Json(path, self._tree[path])
            try:
                data = json.loads(file.text)
            except (ValueError, RecursionError) as exc:
                line, column = getattr(exc, "lineno", 0), getattr(exc, "colno", 0)
                why = getattr(exc, "msg", "it is nested too deeply")
                self.result.add_note(path, f"left out: is not JSON: {why}", line, column)
                continue
            if not isinstance(data, dict):
                self.result.add_note(path, "left out: it is no mapping", 1, 1)
                continue
            file.data = data
            found.append(file)
        return found

    def _add_note(self, file: _Json, key: str, sentence: str) -> None:
        found = re.search(rf'"{re.escape(key)}"\s*:', file.text)
        line, column = place(file.text, found.start()) if found else (1, 1)
        self.result.add_note(file.path, f"{key}: {sentence}", line, column)

    def _profile(self, file: _Json) -> dict[str, Any]:
        """Return a profile as a build type."""
        for key in file.data.keys() - _PROFILE:
            self._add_note(file, key, "left out: pyxie has no such key")
        boot = file.data.get("boot")
        boot = boot if isinstance(boot, dict) else {}
        made: dict[str, Any] = {}
        if name := str(file.data.get("name") or ""):
            made["description"] = name
        if kernel := self._image(file, "kernel", str(boot.get("kernel") or "")):
            made["kernel"] = kernel
        initrds = [self._initrd(file, each) for each in _texts(boot.get("initrd"))]
        if initrds:
            made["initrd"] = initrds
        if cmdline := self._cmdline(file, _texts(boot.get("args"))):
            made["cmdline"] = cmdline
        templates = {}
        for kind in _KINDS:
            if used := str(file.data.get(f"{kind}_id") or ""):
                templates[kind] = f"{kind}/{used}"
                if f"{self._root}{kind}/{used}" not in self._tree:
                    self._add_note(file, f"{kind}_id", f"there is no file {kind}/{used}")
        if templates:
            made["templates"] = templates
        return made

    def _image(self, file: _Json, key: str, text: str) -> str:
        # iPXE's own words may stand before the URL; pyxie names the images itself.
        name = text.rsplit(maxsplit=1)[-1] if text.split() else ""
        if name.startswith(_ASSETS):
            kept = name.removeprefix(_ASSETS)
            self._add_note(file, key, f"copy Matchbox's asset to 'images/{kept}'")
            return kept
        return name

    def _initrd(self, file: _Json, text: str) -> str | dict[str, str]:
        url, named = self._image(file, "initrd", text), _NAMED.match(text)
        if named is None:
            return url
        if not is_name(named[1]):
            self._add_note(file, "initrd", f"its name is left out: {named[1]!r} is none for pyxie")
            return url
        return {"name": named[1], "url": url}

    def _cmdline(self, file: _Json, args: list[str]) -> str:
        kept = [arg for arg in args if not arg.startswith("initrd=")]
        text = " ".join(kept)
        # To Jinja2 this would begin a tag.
        text = re.sub(r"\{([{%#])", r'{{ "{\1" }}', text)
        text = _ENDPOINT.sub(r'{{ urls.template("\1") }}', text)
        for found in re.findall(r"https?://\S+?/(?:assets|metadata)\S*", text):
            self._add_note(file, "args", f"{found} is asked of Matchbox still")
        return text

    def _group(self, file: _Json) -> _Group:
        for key in file.data.keys() - _GROUP:
            self._add_note(file, key, "left out: pyxie has no such key")
        selector, metadata = file.data.get("selector"), file.data.get("metadata")
        labels = {
            str(key).lower(): str(found)
            for key, found in (selector.items() if isinstance(selector, dict) else ())
        }
        params = {key: found for key, found in labels.items() if key != "mac"}
        for key, found in metadata.items() if isinstance(metadata, dict) else ():
            self._note_nested(str(key), found)
            if isinstance(found, dict | list):
                self._add_note(
                    file, str(key), "is kept as JSON in a text; templates read it from there"
                )
            params[str(key)] = _text(found)
        return _Group(file, _name(str(file.data.get("profile") or "")), labels, params)

    def _note_nested(self, path: str, found: Any, depth: int = 0) -> None:
        if isinstance(found, dict | list) and depth < 20:
            self._nested[path] = "map" if isinstance(found, dict) else "list"
            for key, inner in found.items() if isinstance(found, dict) else ():
                self._note_nested(f"{path}.{key}", inner, depth + 1)

    def _machines(self, groups: list[_Group], types: dict[str, Any]) -> bool:
        """Write machines, and groups of what selects several; tell whether there are groups."""
        known: dict[str, _Group] = {}
        shared = False
        # The most general first: it is a machine's usual build.
        for group in sorted(groups, key=_rank):
            if not group.selector:
                self._default(group, types)
                continue
            which = next((k for k in ("mac", *_MATCHED) if k in group.selector), "")
            if not which:
                shared = True
                self._shared(group)
                continue
            identity = f"{which} {group.selector[which].lower().replace('-', ':')}"
            if identity in known:
                first = known[identity]
                message = f"the same machine as in {first.file.path}"
                self._add_note(group.file, "selector", f"left out: {message}; {_at_will(group)}")
                continue
            known[identity] = group
            self._machine(group)
        return shared

    def _machine(self, group: _Group) -> None:
        host = _host(group.selector.get("hostname") or group.file.id)
        made: dict[str, Any] = {"hostname": host}
        if group.profile:
            made["build_type"] = group.profile
        if mac := group.selector.get("mac", ""):
            try:
                made["network"] = [{"macaddress": unicast(mac)}]
            except ValueError as exc:
                self._add_note(group.file, "mac", f"left out: {exc}")
        # By its MAC a machine is recognised whatever it calls itself.
        matched = [key for key in _MATCHED if key != "hostname" or "mac" not in group.selector]
        if match := {key: group.selector[key] for key in matched if key in group.selector}:
            made["match"] = match
        for key in group.selector.keys() - {"mac", *_MATCHED}:
            self._add_note(group.file, key, f"selects nothing in pyxie; {_at_will(group)}")
        if group.params:
            made["params"] = group.params
        if not made.keys() & {"network", "match"}:
            self.result.add_note(group.file.path, "left out: nothing tells which machine it is")
            return
        path = f"machines/{host}.yaml"
        if path in self.result.files:
            self.result.add_note(group.file.path, f"left out: there is a {path} already")
            return
        self.result.files[path] = written(made)

    def _shared(self, group: _Group) -> None:
        name = _name(group.file.id)
        sentence = (
            f"selects nothing in pyxie; name the group in its machines' files: 'groups: [{name}]'"
        )
        for key in group.selector:
            self._add_note(group.file, key, sentence)
        made: dict[str, Any] = {"build_type": group.profile, "params": group.params}
        self.result.files[f"groups/{name}.yaml"] = written({k: v for k, v in made.items() if v})

    def _default(self, group: _Group, types: dict[str, Any]) -> None:
        if self._unknown:
            self.result.add_note(
                group.file.path, "left out: there is another group without selectors"
            )
            return
        if group.profile not in types:
            return
        self._unknown = group.profile
        if group.params:  # which the profile's other machines must not get
            self._unknown = "_unknown_"
            types[self._unknown] = {**types[group.profile], "params": group.params}
        message = (
            f"selects every machine; it is the build type {self._unknown!r}, which unknown machines"
            " get once the line 'unknown' in config.yaml is no comment any more"
        )
        self.result.add_note(group.file.path, message)

    def _templates(self) -> None:
        for kind in _KINDS:
            folder = f"{self._root}{kind}/"
            for path in sorted(self._tree):
                if not path.startswith(folder):
                    continue
                name = path.removeprefix(folder)
                if kind == "ignition" and name.endswith(_RAW):
                    text = _raw(self._tree[path])
                else:
                    made = convert(self._tree[path], path, self._nested)
                    text = made.text
                    self.result.add_notes(made.notes)
                    if kind == "ignition":
                        message = (
                            "Matchbox made Ignition of this Butane; pyxie does not: run butane"
                        )
                        self.result.add_note(path, message)
                self.result.files[f"templates/{kind}/{name}"] = text


def _rank(group: _Group) -> tuple[int, int]:
    """Return what is smaller, the fewer labels a group asks for that pyxie does not know."""
    return len(group.selector.keys() - {"mac", *_MATCHED}), -len(group.selector)


def _at_will(group: _Group) -> str:
    return f"'PUT /build/HOST/{group.profile}' builds it so"


def _raw(text: str) -> str:
    if not re.search(r"\{[{%#]", text):
        return text
    return re.sub(r"\{([{%#])", r'{{ "{\1" }}', text)


def _texts(found: Any) -> list[str]:
    return [str(each) for each in found] if isinstance(found, list) else []


def _text(found: Any) -> str:
    """Return a value of the metadata as a text, as Go prints it; what is nested as JSON."""
    if found is None:
        return ""
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def _stem(path: str) -> str:
    return posixpath.splitext(posixpath.basename(path))[0]


def _name(text: str) -> str:
    """Return a name that can stand in URLs and file names."""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", text).lstrip(".-")[:64]


def _host(text: str) -> str:
    """Return a hostname as near to ``text`` as may be."""
    labels = re.sub(r"[^a-z0-9_.-]", "-", text.lower()).split(".")
    name = ".".join(label.strip("-")[:63] for label in labels if label.strip("-"))
    try:
        return hostname(name)
    except ValueError:
        return "unnamed"
