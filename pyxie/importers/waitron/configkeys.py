"""The keys of waitron's settings, build types, groups and machines as pyxie's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyxie.config.build import BuildKeys
from pyxie.config.nodes import Loc
from pyxie.config.values import http_url, unicast
from pyxie.importers.waitron.hookcommands import HOOKS, hooks
from pyxie.importers.waitron.templatefolder import TemplateFolder
from pyxie.importers.yamlfile import YamlFile
from pyxie.registry.machine import hostname
from pyxie.registry.nic import Address, Nic

_DEAD_URL = re.compile(
    r"(\{\{\s*BaseURL\s*\}\})/(\{\{\s*Hostname\s*\}\})/(preseed|finish)/(\{\{\s*Token\s*\}\})"
)


@dataclass(frozen=True, slots=True)
class KeyConverter:
    """Converts what is in one file.

    Attributes:
        source: The file.
        version: Of waitron.
        templates: Its templates.
    """

    source: YamlFile
    version: int
    templates: TemplateFolder

    def build(
        self,
        loc: Loc,
        data: dict[str, Any],
        model: type[BuildKeys],
        *,
        rest: bool = False,
        spelt: str = "{}",
    ) -> dict[str, Any]:
        """Return the keys that ``model`` has.

        Args:
            loc: Where they are in the file.
            data: All keys there.
            model: What pyxie has there.
            rest: Somebody else looks after the other keys.
            spelt: How the keys are written there.
        """
        made: dict[str, Any] = {}
        for key, found in data.items():
            at = (*loc, spelt.format(key))
            if key not in model.model_fields:
                if not rest:
                    self.source.add_note(at, "left out: pyxie has no such key here")
            elif found is not None and found not in ("", [], {}):  # else not there, to waitron
                made |= self._key(at, key, found)
        return self._images(loc, made, spelt)

    def _key(self, at: Loc, key: str, found: Any) -> dict[str, Any]:
        if key in HOOKS:
            commands = hooks(self.source, at, found, self.version, self.templates)
            return {key: commands} if commands else {}
        match key:
            case "cmdline":
                return {key: self._cmdline(at, str(found))}
            case "params":
                return {key: self._params(at, found)} if isinstance(found, dict) else {}
            case "preseed" | "finish":
                return {key: self.templates.serve(str(found))}
            case "network":
                return {key: list(self._network(at, found))}
            case "hostname":
                return self._checked(at, key, str(found), hostname)
            case "image_url":
                return self._checked(at, key, str(found), http_url)
            case "stale_build_threshold_secs" if self.version == 2 and found == "0":
                self.source.add_note(
                    at, "0 is never here; to waitron 2 each build was stale at once"
                )
                return {key: found}
            case _:
                return {key: found}

    def _checked(self, at: Loc, key: str, text: str, check: Any) -> dict[str, Any]:
        try:
            check(text)
        except ValueError as exc:
            self.source.add_note(at, f"left out: {exc}")
            return {}
        return {key: text}

    def _cmdline(self, at: Loc, text: str) -> str:
        alive = _DEAD_URL.sub(r"\1/template/\3/\2/\4", text)
        if alive != text:
            self.source.add_note(at, "its URL led nowhere in any waitron; '/template' is in it now")
        return self.templates.inline(self.source, at, alive)

    def _params(self, at: Loc, found: dict[str, Any]) -> dict[str, Any]:
        made = {}
        for name, value in found.items():
            if isinstance(value, list | dict):
                self.source.add_note((*at, name), "left out: a parameter is a text")
                continue
            text = "" if value is None else str(value)
            if "%%" in text:
                self.source.add_note((*at, name), "'%%' is printed as it is; waitron printed '%'")
            made[name] = self.templates.named(text)
        return made

    def _images(self, loc: Loc, made: dict[str, Any], spelt: str) -> dict[str, Any]:
        """Write whole URLs where waitron 1 and 2 put the parts together without a slash."""
        url = made.get("image_url", "")
        names = [name for key in ("kernel", "initrd") for name in _listed(made.get(key))]
        if self.version == 3 or not url or url.endswith("/"):
            return made
        if all(name.startswith("/") for name in names):
            return made
        self.source.add_note(
            (*loc, spelt.format("image_url")),
            "waitron put no '/' after it; the whole URLs are written out",
        )
        whole = {
            key: [url + name for name in _listed(made.get(key))] for key in ("kernel", "initrd")
        }
        kernel = {"kernel": whole["kernel"][0]} if whole["kernel"] else {}
        initrd = {"initrd": whole["initrd"]} if whole["initrd"] else {}
        return {**made, **kernel, **initrd}

    def _network(self, at: Loc, found: Any) -> Iterator[dict[str, Any]]:
        for number, nic in enumerate(found if isinstance(found, list) else ()):
            if not isinstance(nic, dict):
                continue
            loc = (*at, number)
            made = self._known(loc, nic, Nic)
            for key in ("addresses4", "addresses6"):
                each = made.get(key)
                if isinstance(each, list):
                    made[key] = [
                        self._known((*loc, key, place), address, Address)
                        for place, address in enumerate(each)
                        if isinstance(address, dict)
                    ]
            if "macaddress" in made:
                checked = self._checked((*loc, "macaddress"), "", str(made["macaddress"]), unicast)
                if not checked:
                    del made["macaddress"]
            yield made

    def _known(self, loc: Loc, data: dict[str, Any], model: type[Nic | Address]) -> dict[str, Any]:
        for key in data:
            if key not in model.model_fields:
                self.source.add_note((*loc, key), "left out: waitron knew no such key")
        return {
            key: found
            for key, found in data.items()
            if key in model.model_fields and found is not None and found not in ("", [], {})
        }


def _listed(found: Any) -> list[str]:
    return (
        [str(each) for each in found] if isinstance(found, list) else [str(found)] if found else []
    )
