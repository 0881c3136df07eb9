"""Cobbler's distros, profiles and systems as build types and machines.

Facts: Cobbler's manual. A system inherits from its profile, that from its parents and at last
from a distro; ``<<inherit>>`` stands for what is above, maps merge, and an option with ``!``
in front takes one out. ``~`` is an option without a value.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any, Final

from pyxie.config.values import http_url, unicast
from pyxie.importers.cobbler.callbacks import hidden, shown
from pyxie.importers.cobbler.export import Item, items
from pyxie.importers.languages.cheetah import convert
from pyxie.importers.notes import NotFoundError, Result, Tree
from pyxie.registry.edit import written
from pyxie.registry.machine import hostname

_INHERIT: Final = "<<inherit>>"
_LEFT_OUT: Final = (
    *("kernel_options_post", "template_files", "boot_files", "fetchable_files", "repos"),
    *("mgmt_classes", "mgmt_parameters", "proxy", "redhat_management_key", "image"),
    *("next_server", "next_server_v4", "filename", "server", "serial_device"),
)
"""Keys that matter to what is installed, and have no like in pyxie."""
_IPMI = ("ipmilan", "ipmilanplus", "ipmitool", "ilo", "ilo2", "ilo3", "ilo4", "drac", "drac5")
_BY_BREED: Final = {
    "redhat": "inst.ks={url}",
    "suse": "autoyast={url}",
    "debian": "auto-install/enable=true priority=critical url={url}",
    "ubuntu": "auto-install/enable=true priority=critical url={url}",
}
"""What Cobbler adds to the kernel's options, so that the installer finds its answers."""
_URL: Final = "{{ urls.template('preseed') }}"


def read(tree: Tree) -> Result:
    """Convert an export of Cobbler's, or its folder of collections.

    Raises:
        NotFoundError: There are no profiles in it.
    """
    return _Cobbler(tree).result


class _Cobbler:
    def __init__(self, tree: Tree) -> None:
        self.result = Result()
        self._tree = tree
        found = items(tree, self.result)
        self._distros, self._profiles = found["distros"], found["profiles"]
        if not self._profiles:
            nothing = "there are no profiles in it, as Cobbler's export has them"
            raise NotFoundError("\n".join([nothing, *map(str, self.result.notes)]))
        self._templates: dict[str, str] = {}
        types = {_name(name): self._type(item) for name, item in self._profiles.items()}
        known = {key for each in types.values() for key in each.get("params", {})}
        for item in found["systems"].values():
            known |= self._system(item, types)
        paths = {"templatepath": "templates", "machinepath": "machines"}
        config: dict[str, Any] = {**paths, "build_types": types}
        self.result.files["config.yaml"] = written(config)
        self._write_templates(known)

    def _chain(self, profile: Item) -> list[Item]:
        """Return a profile and what it inherits from, the most general first."""
        chain: list[Item] = []
        at: Item | None = profile
        while at is not None and at not in chain:
            chain.append(at)
            parent = str(at.data.get("parent") or "")
            at = self._profiles.get(parent)
        distro = next((d for each in chain if (d := self._distro(each)) is not None), None)
        if distro is None:
            profile.add_note("distro", "there is no such distro in the export")
        return [*([distro] if distro else []), *reversed(chain)]

    def _distro(self, item: Item) -> Item | None:
        return self._distros.get(str(item.data.get("distro") or ""))

    def _type(self, profile: Item) -> dict[str, Any]:
        """Return a profile as a build type, with all of its distro."""
        chain = self._chain(profile)
        made: dict[str, Any] = {}
        if comment := str(profile.data.get("comment") or ""):
            made["description"] = comment
        distro = chain[0]
        if distro is not profile and "kernel" in distro.data:
            made |= self._images(distro)
            if version := str(distro.data.get("os_version") or ""):
                made["operatingsystem"] = version
        made |= self._install(chain, str(distro.data.get("breed") or "redhat"))
        if params := self._params(chain):
            made["params"] = params
        self._complain(profile)
        if distro is not profile:
            self._complain(distro)
        return made

    def _images(self, distro: Item) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key in ("kernel", "initrd"):
            remote = str(distro.data.get(f"remote_boot_{key}") or "")
            path = remote if _is_url(remote) else str(distro.data.get(key) or "")
            if path and not _is_url(path):
                kept = f"{_name(distro.name)}/{posixpath.basename(path)}"
                distro.add_note(key, f"copy {path} to 'images/{kept}'")
                path = kept
            if path:
                made[key] = path
        return made

    def _install(self, chain: list[Item], breed: str) -> dict[str, Any]:
        """Return the command line, and the template that is to be fetched by it."""
        options: dict[str, Any] = {}
        for item in chain:
            options = _merged(options, _mapping(item.data.get("kernel_options")))
        words = [*_words(options)]
        for word in words:
            if "/cblr/svc/" in word:
                why = f"{word!r}: pyxie has no such address; a template ends a build by 'urls.done'"
                chain[-1].add_note("kernel_options", why)
        template = ""
        for item in chain:
            own = item.data.get("autoinstall", item.data.get("kickstart"))
            if isinstance(own, str) and own and own != _INHERIT:
                template = self._template(item, own)
        if template:
            if breed not in _BY_BREED:
                chain[-1].add_note("breed", f"pyxie does not know how {breed!r} finds its template")
            words.append(_BY_BREED.get(breed, "").format(url=_URL))
        cmdline = " ".join(word for word in words if word)
        made = {"cmdline": cmdline, "preseed": template}
        return {key: found for key, found in made.items() if found}

    def _template(self, item: Item, named: str) -> str:
        """Return the name of an automatic-installation template."""
        if _is_url(named):
            item.add_note("autoinstall", f"left out: {named} is a URL; pyxie serves files only")
            return ""
        base = posixpath.basename(named)
        steps = named.strip("/").split("/")
        ends = ["/".join(steps[at:]) for at in range(len(steps))]
        path = next(
            (path for end in ends for path in sorted(self._tree) if f"/{path}".endswith(f"/{end}")),
            None,
        )
        if path is None:
            item.add_note("autoinstall", f"{named} is not there; put it at templates/{base}")
        else:
            self._templates[path] = base
        return base

    def _params(self, chain: list[Item]) -> dict[str, str]:
        found: dict[str, Any] = {}
        for item in chain:
            own = item.data.get("autoinstall_meta", item.data.get("ks_meta"))
            found = _merged(found, _mapping(own))
            for key in ("name_servers", "name_servers_search"):
                listed = item.data.get(key)
                if listed and listed != _INHERIT:
                    found[key] = " ".join(listed) if isinstance(listed, list) else listed
        return {key: _text(value) for key, value in found.items()}

    def _system(self, item: Item, types: dict[str, Any]) -> set[str]:
        """Write a system as a machine; returns the names of its own metadata."""
        named = str(item.data.get("hostname") or "") or item.name
        try:
            host = hostname(named)
        except ValueError as exc:
            item.add_note("hostname", f"left out: {exc}")
            return set()
        profile = str(item.data.get("profile") or "")
        made: dict[str, Any] = {"hostname": host}
        if _name(profile) in types and profile:
            made["build_type"] = _name(profile)
        else:
            item.add_note("profile", "there is no such profile in the export")
        if comment := str(item.data.get("comment") or ""):
            made["description"] = comment
        if network := list(self._network(item)):
            made["network"] = network
        parent = self._profiles.get(profile)
        if parent is not None and self._differs(item):
            chain = [*self._chain(parent), item]
            made |= self._install(chain, str(chain[0].data.get("breed") or "redhat"))
        params = self._params([item])
        if params:
            made["params"] = params
        made |= self._power(item)
        self._complain(item)
        path = f"machines/{host}.yaml"
        if path in self.result.files:
            item.add_note("hostname", f"left out: there is a {path} already")
            return set()
        self.result.files[path] = written(made)
        return set(params)

    @staticmethod
    def _differs(item: Item) -> bool:
        own = item.data.get("autoinstall", item.data.get("kickstart"))
        return bool(_mapping(item.data.get("kernel_options"))) or own not in ("", None, _INHERIT)

    def _network(self, item: Item) -> Iterator[dict[str, Any]]:
        interfaces = item.data.get("interfaces")
        for name, nic in interfaces.items() if isinstance(interfaces, dict) else ():
            if not isinstance(nic, dict):
                continue
            made: dict[str, Any] = {"name": name}
            address = str(nic.get("mac_address") or "")
            try:
                made |= {"macaddress": unicast(address)} if address else {}
            except ValueError as exc:
                item.add_note("mac_address", f"left out: {exc}", within=("interfaces", name))
            made["ipaddress"] = nic.get("ip_address")
            made["netmask"] = nic.get("netmask") or nic.get("subnet")
            if made["ipaddress"]:
                made["gateway"] = nic.get("if_gateway") or item.data.get("gateway")
            six = str(nic.get("ipv6_address") or "")
            if six:
                prefix = str(nic.get("ipv6_prefix") or "")
                address6 = {"ipaddress": six.split("/", maxsplit=1)[0]}
                if "/" in six or prefix:
                    address6["cidr"] = six if "/" in six else f"{six}/{prefix}"
                made["addresses6"] = [address6]
            made["gateway6"] = nic.get("ipv6_default_gateway")
            made["description"] = nic.get("dns_name")
            kind = str(nic.get("interface_type") or "na").lower()
            if kind not in ("na", _INHERIT):
                master = str(nic.get("interface_master") or "")
                made["tags"] = [kind, *([f"master={master}"] if master else [])]
            for key in ("bonding_opts", "bridge_opts", "static_routes", "mtu"):
                if nic.get(key) and nic[key] != _INHERIT:
                    why = "left out: pyxie has no such key; templates may take a param"
                    item.add_note(key, why, within=("interfaces", name))
            yield {key: found for key, found in made.items() if found}

    @staticmethod
    def _power(item: Item) -> dict[str, Any]:
        address = str(item.data.get("power_address") or "")
        if not address:
            return {}
        kind = str(item.data.get("power_type") or "")
        if kind and kind not in _IPMI:
            item.add_note("power_type", f"{kind!r} is not IPMI, but is kept as if it were")
        found = {
            "ipmi_address": address,
            "ipmi_user": str(item.data.get("power_user") or ""),
            "ipmi_password": str(item.data.get("power_pass") or ""),
        }
        return {key: text for key, text in found.items() if text}

    @staticmethod
    def _complain(item: Item) -> None:
        for key in _LEFT_OUT:
            if item.data.get(key) not in (None, "", [], {}, _INHERIT, "~"):
                item.add_note(key, "left out: pyxie has no such key")

    def _write_templates(self, known: set[str]) -> None:
        for path, text in sorted(self._tree.items()):
            name = self._templates.get(path)
            snippet = re.search(r"(?:^|/)snippets/(.+)$", path)
            if name is None and snippet is not None:
                name = f"snippets/{snippet[1]}"
            if name is not None:
                without = hidden(text, path, known)
                made = convert(without.text, path, known)
                self.result.files[f"templates/{name}"] = shown(made.text, without.addresses)
                self.result.add_notes(sorted((*without.notes, *made.notes)))


def _is_url(text: str) -> bool:
    try:
        http_url(text)
    except ValueError:
        return False
    return True


def _mapping(found: Any) -> dict[str, Any]:
    """Return options, which older versions write as ``a=1 b``."""
    if isinstance(found, dict):
        return found
    if not isinstance(found, str) or found == _INHERIT:
        return {}
    pairs = (word.partition("=") for word in found.split())
    return {key: value if sign else "~" for key, sign, value in pairs}


def _merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    taken = {key.removeprefix("!") for key in over if key.startswith("!")}
    both = {**under, **over}
    return {k: v for k, v in both.items() if k not in taken and not k.startswith("!")}


def _words(options: dict[str, Any]) -> Iterator[str]:
    for key, value in options.items():
        for each in value if isinstance(value, list) else [value]:
            text = _text(each)
            yield f"{key}={text}" if text else str(key)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(_text, value))
    return "" if value in (None, "~") else str(value)


def _name(text: str) -> str:
    """Return a name that can stand in URLs and file names."""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", text).lstrip(".-")[:64]
