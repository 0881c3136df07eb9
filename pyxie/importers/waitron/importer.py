"""A waitron's files as pyxie's: versions 1, 2 and 3, told apart by their settings."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from pyxie.config.build import BuildKeys, Group
from pyxie.config.values import http_url
from pyxie.importers.notes import NotFoundError, Result, Tree
from pyxie.importers.waitron.configkeys import KeyConverter
from pyxie.importers.waitron.hookcommands import HOOKS
from pyxie.importers.waitron.templatefolder import TemplateFolder
from pyxie.importers.yamlfile import YamlFile
from pyxie.registry.edit import written
from pyxie.registry.machine import Machine

_ENDINGS = (".yaml", ".yml")
_MARK = re.compile(r"^(?:templatepath|machinepath|inventory_plugins)\s*:", re.MULTILINE)
_KEYS_OF_2: Final = frozenset(
    (
        *("grouppath", "staticspath", "cmdline", "kernel", "initrd", "image_url", "finish"),
        *("rescue_cmdline", "rescue_kernel", "rescue_initrd", "rescue_image_url", "preseed"),
        *("stale_build_check_frequency_secs", "stale_build_threshold_secs", "operatingsystem"),
        *HOOKS[:4],
    )
)
_KEYS_OF_3: Final = frozenset(
    (
        *("inventory_plugins", "build_types", "temp_path", "history_cache_seconds", "log_level"),
        *HOOKS[4:],
    )
)
_UNKNOWN: Final = "_unknown_"
"""waitron 3's build type for machines that it does not know."""
_LEVELS: Final = {"DEBUG": "debug", "INFO": "info", "WARN": "warning", "ERROR": "error"}
_LEFT_OUT: Final = {
    "temp_path": "pyxie's hooks need no files",
    "stale_build_check_frequency_secs": "each build's age is watched by itself",
    "history_cache_seconds": "pyxie caches no history",
    "foreman_proxy_address": "no waitron ever read it",
    "tokens": "tokens are made for each build",
}
_ANSWERS_OF_2: Final = (
    "'PUT /build' answered JSON with the token: ask for it by 'Accept: application/json', "
    "or set 'waitron_api: 3'"
)
_OWN: Final = frozenset(
    (
        *("templatepath", "machinepath", "grouppath", "staticspath", "baseurl", "log_level"),
        *("inventory_plugins", "build_types"),
    )
)


def read(tree: Tree) -> Result:
    """Convert a folder with a waitron's configuration.

    Raises:
        NotFoundError: There is none, or it is not YAML.
    """
    result = Result()
    file = next(_configs(tree), None)
    if file is None:
        raise NotFoundError("there is no YAML file with 'templatepath', as a waitron's has it")
    config = YamlFile(file, tree[file], result)
    if not config.data:
        raise NotFoundError("\n".join(map(str, result.notes)))
    version = 3 if config.data.keys() & _KEYS_OF_3 else 2 if config.data.keys() & _KEYS_OF_2 else 1
    folders = _Folders(tree, config)
    templates = TemplateFolder(tree, folders.templates, str(config.data.get("templatepath") or ""))
    result.files["config.yaml"] = written(
        _settings(KeyConverter(config, version, templates), folders)
    )
    for folder, name, model in (
        (folders.groups, "groups", Group),
        (folders.machines, "machines", Machine),
    ):
        for path, note in _chosen(tree, folder, name, version) if folder else ():
            if note:
                result.add_note(path, note)
            if not note.startswith("left out"):
                source = YamlFile(path, tree[path], result)
                made = _file(KeyConverter(source, version, templates), name, model)
                if made is not None:
                    stem = posixpath.splitext(posixpath.basename(path))[0]
                    result.files[f"{name}/{stem}.yaml"] = made
    templates.write(result)
    return result


def _configs(tree: Tree) -> Iterator[str]:
    usual = ("config.yaml", "config.yml", "waitron.yaml", "waitron.yml")
    for path in sorted(
        tree, key=lambda path: (path.count("/"), posixpath.basename(path) not in usual, path)
    ):
        if path.endswith(_ENDINGS) and _MARK.search(tree[path]):
            yield path


class _Folders:
    """Where the settings' folders are in what is imported; None for one that is not there."""

    def __init__(self, tree: Tree, config: YamlFile) -> None:
        self._tree = tree
        self._config = config
        data = config.data
        named = {key: str(data.get(key) or "") for key in ("machinepath", "grouppath")}
        plugins = data.get("inventory_plugins")
        for at, plugin in enumerate(plugins if isinstance(plugins, list) else ()):
            if isinstance(plugin, dict):
                named |= self._plugin(at, plugin)
        self.statics = str(data.get("staticspath") or "")
        self.templates = self._find("templatepath", str(data.get("templatepath") or ""))
        self.machines = self._find("machinepath", named["machinepath"])
        self.groups = self._find("grouppath", named["grouppath"]) if named["grouppath"] else None

    def _plugin(self, at: int, plugin: dict[str, Any]) -> dict[str, str]:
        # waitron looks a plugin up by its name, whatever its type says.
        name, options = str(plugin.get("name")), plugin.get("additional_options")
        keys = {"file": "machinepath", "groups": "grouppath"}
        if str(plugin.get("disabled")).lower() in ("true", "yes", "on", "y"):
            why = f"left out: the plugin {name!r} is disabled"
        elif name not in keys:
            why = f"left out: pyxie asks no {name!r}; what it knew must stand in machines' files"
        else:
            key = keys[name]
            return {key: str(options.get(key) or "")} if isinstance(options, dict) else {}
        self._config.add_note(("inventory_plugins", at), why, at_key=False)
        return {}

    def _find(self, key: str, named: str) -> str | None:
        """Find a folder by its path, or by as much of its end as is there."""
        steps = [step for step in named.split("/") if step not in ("", ".", "..")]
        beside = posixpath.dirname(self._config.file)
        for at in range(len(steps)):
            path = "/".join(steps[at:])
            for place in (posixpath.join(beside, path), path):
                if any(file.startswith(f"{place}/") for file in self._tree):
                    return place
        message = f"{named!r} is not in what is imported" if named else "is not set"
        self._config.add_note((key,), message if named else f"'{key}' {message}")
        return None


def _settings(keys: KeyConverter, folders: _Folders) -> dict[str, Any]:
    source, data = keys.source, keys.source.data
    made: dict[str, Any] = {"templatepath": "templates", "machinepath": "machines"}
    if folders.groups:
        made["grouppath"] = "groups"
    if folders.statics:
        made["staticspath"] = folders.statics
        source.add_note(
            ("staticspath",), "its files stay where they are; see that the path is right"
        )
    made |= _address(source)
    if keys.version == 3:
        made["waitron_api"] = "3"
    elif keys.version == 2:
        source.add_note((), _ANSWERS_OF_2)
    level = str(data.get("log_level") or "").upper()
    if level in _LEVELS:
        made["log"] = {"level": _LEVELS[level]}
    made |= keys.build((), data, BuildKeys, rest=True)
    default = {key: each for key, each in _prefixed(data, "default_").items() if key not in made}
    made |= keys.build((), default, BuildKeys, spelt="default_{}")
    types = _types(keys)
    rescue = _prefixed(data, "rescue_")
    if rescue:
        first = next(key for key in data if key.startswith("rescue_"))
        source.add_note((first,), "the rescue system is the build type 'rescue' now")
        types.setdefault("rescue", keys.build((), rescue, BuildKeys, spelt="rescue_{}"))
    if types:
        made["build_types"] = types
    if _UNKNOWN in types:
        made["unknown"] = _UNKNOWN
    for key in data:
        if key in _LEFT_OUT:
            source.add_note((key,), f"left out: {_LEFT_OUT[key]}")
        elif key not in {*_OWN, *BuildKeys.model_fields} and not key.startswith(
            ("default_", "rescue_")
        ):
            source.add_note((key,), "left out: waitron knew no such key")
    return made


def _prefixed(data: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {key.removeprefix(prefix): data[key] for key in data if key.startswith(prefix)}


def _address(source: YamlFile) -> dict[str, Any]:
    base = str(source.data.get("baseurl") or "")
    if not base:
        return {}
    try:
        port = urlsplit(http_url(base)).port
    except ValueError as exc:
        source.add_note(("baseurl",), f"left out: {exc}")
        return {}
    if port:
        source.add_note(
            ("baseurl",), f"has port {port}, and so pyxie listens there instead of at 8090"
        )
    return {"baseurl": base, **({"http": {"port": str(port)}} if port else {})}


def _types(keys: KeyConverter) -> dict[str, Any]:
    types: dict[str, Any] = {}
    found = keys.source.data.get("build_types")
    for name, inner in found.items() if isinstance(found, dict) else ():
        loc = ("build_types", name)
        types[name] = keys.build(loc, inner if isinstance(inner, dict) else {}, BuildKeys)
        if name == _UNKNOWN:
            message = "every unknown machine boots this, as in waitron, by 'unknown'"
            keys.source.add_note(loc, message)
    return types


def _chosen(tree: Tree, folder: str, kind: str, version: int) -> Iterator[tuple[str, str]]:
    """Yield the files of machines or groups, each with a note or nothing."""
    paths = [path for path in tree if posixpath.dirname(path) == folder]
    found = {path for path in paths if path.endswith(_ENDINGS)}
    for path in sorted(paths):
        stem, ending = posixpath.splitext(path)
        if path not in found:
            yield path, f"left out: it is none of the {kind}, which end in .yaml or .yml"
        elif ending == ".yml" and f"{stem}.yaml" in found:
            # Both are there: waitron read .yaml first; of groups, waitron 3 .yml only.
            if kind == "groups" and version == 3:
                yield path, ""
            else:
                yield path, f"left out: waitron read {stem}.yaml"
        elif ending == ".yaml" and kind == "groups" and version == 3:
            if f"{stem}.yml" in found:
                yield path, f"left out: waitron 3 read {stem}.yml"
            else:
                yield path, "waitron 3 ignored it, for its ending; pyxie reads it"
        elif ending == ".yml" and version == 1:
            yield path, "left out: waitron 1 read .yaml only"
        else:
            yield path, ""


def _file(keys: KeyConverter, kind: str, model: type[Group | Machine]) -> str | None:
    """Return a machine's or a group's file; the old one itself, if it can stay as it is."""
    source = keys.source
    if not source.readable:
        return None
    stem = posixpath.splitext(posixpath.basename(source.file))[0]
    name = str(source.data.get("hostname") or "")
    if kind == "machines" and keys.version == 3 and name and name.lower() != stem.lower():
        source.add_note(("hostname",), f"differs from {stem!r}; waitron 3 could build it once only")
    made = keys.build((), source.data, model)
    return source.text if source.valid and made == source.data else written(made)
