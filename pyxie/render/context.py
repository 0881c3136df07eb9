"""The names that templates, command lines and boot scripts see.

waitron's templates name Go fields (``machine.OperatingSystem``, ``config.BaseURL``); the
same fields answer to plain lower case, with or without underscores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import jinja2

from pyxie.builds.life import Build
from pyxie.config.checksums import kernel_url
from pyxie.config.initrd import urls as initrd_urls
from pyxie.config.publicmirrors import PUBLIC
from pyxie.config.settings import Settings
from pyxie.config.values import dashed
from pyxie.imagestore.mirrored import kept_as
from pyxie.registry.machine import Machine
from pyxie.registry.nic import Nic
from pyxie.registry.nicsetup import Interface, Static, interfaces, nameservers
from pyxie.render.asked import no_template
from pyxie.render.reads import read, read_all

_NO_KEYS: Mapping[str, Sequence[str]] = MappingProxyType({})


class Record:
    """Fields under any of their spellings; has no methods that could hide one.

    Args:
        path: What messages call it.
        fields: Its fields.
        keys: The paths of the machine's file that count as read once a field is, where they
            are not those of the record itself.
    """

    __slots__ = ("_fields", "_keys", "_path")

    def __init__(
        self, path: str, fields: Mapping[str, Any], keys: Mapping[str, Sequence[str]] = _NO_KEYS
    ) -> None:
        self._path = path
        self._fields = {_plain(name): value for name, value in fields.items()}
        self._keys = keys

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError as exc:
            raise AttributeError(name) from exc

    def __getitem__(self, name: object) -> Any:
        plain = _plain(str(name))
        found = self._fields[plain]
        read(f"{self._path}.{plain}")
        read_all(self._keys.get(plain, ()))
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __repr__(self) -> str:
        return f"<{self._path}>"


class Params(dict[str, str]):
    """The operator's own values, under exactly their own names."""

    def __init__(self, path: str, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self._path = path

    def __getitem__(self, name: str) -> str:
        read(f"{self._path}.{name}")
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        read(f"{self._path}.{name}")
        return super().__contains__(name)

    def __iter__(self) -> Iterator[str]:
        self._read_all()
        return super().__iter__()

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value, or ``default``."""
        read(f"{self._path}.{name}")
        return super().get(name, default)

    def items(self) -> Any:
        """Return all of them."""
        self._read_all()
        return super().items()

    def values(self) -> Any:
        """Return all values."""
        self._read_all()
        return super().values()

    def _read_all(self) -> None:
        read_all(f"{self._path}.{name}" for name in super().keys())  # noqa: SIM118  (reads none)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildContext:
    """What is not in a file: who asks, and by which way.

    Attributes:
        base_url: Without a trailing slash, as the client reaches us.
        token: The build's.
        mac: The NIC that booted, ``52:54:00:12:34:56``; empty for a machine without one.
        build_type: Of the build, if it has one.
        begun: When it began, in seconds since the epoch; 0 where there is no build yet.
        state: Where it stands.
        reason: Why it stands there.
    """

    base_url: str
    token: str
    mac: str
    build_type: str = ""
    begun: float = 0.0
    state: str = ""
    reason: str = ""

    @property
    def bootif(self) -> str:
        """The NIC in pxelinux's spelling, which installers know: hardware type, dashes."""
        return f"01-{dashed(self.mac)}" if self.mac else ""


def build_context(
    build: Build, machine: Machine, base_url: str, mac: str | None = None
) -> BuildContext:
    """Return what templates of a build see beside the files.

    Args:
        build: Whose token is used.
        machine: What it is built from.
        base_url: As the client reaches us.
        mac: The NIC that asks, where it is known; else the one that booted.
    """
    return BuildContext(
        base_url=base_url,
        token=build.token,
        mac=mac or build.mac or next(iter(machine.macs), ""),
        build_type=build.build_type,
        begun=build.begun,
        state=str(build.state),
        reason=build.reason,
    )


def template_names(machine: Machine, settings: Settings, context: BuildContext) -> dict[str, Any]:
    """Return all names for ``machine``, ready for `Renderer`."""
    short, _, domain = machine.hostname.partition(".")
    build_type = context.build_type or machine.build_type
    fields = {
        **{key: value for key, value in machine if not key.endswith("_commands")},
        "shortname": machine.shortname or short,
        "domain": machine.domain or domain,
        "params": Params("machine.params", machine.params),
        "kernel": kernel_url(machine.kernel),
        "initrd": initrd_urls(machine.initrd),
        "shim": kernel_url(machine.shim),
        "grub": kernel_url(machine.grub),
        "image_url": machine.image_url or "",
        "network": [_nic(at, nic) for at, nic in enumerate(machine.network)],
        "token": context.token,
        "base_url": context.base_url,
        "mac": context.mac,
        "bootif": context.bootif,
        "build_type": build_type,
        # waitron 3 merged its settings into the machine, and named some fields otherwise.
        "build_type_name": build_type,
        "ipmi_address_raw": machine.ipmi_address,
        # Not written is 0, as in waitron.
        "stale_build_threshold_secs": machine.stale_build_threshold_secs or 0,
        "stale_build_threshold_seconds": machine.stale_build_threshold_secs or 0,
        "templatepath": str(settings.templatepath),
        "static_files_path": str(settings.staticspath or ""),
    }
    described = Record("machine", fields)
    names = {
        "BaseURL": context.base_url,
        "Hostname": machine.hostname,
        "Token": context.token,
        "MAC": context.mac,
        "BOOTIF": context.bootif,
    }
    return {
        "machine": described,
        "config": Record("config", _config(settings, context)),
        "job": Record("job", _job(described, build_type, context)),
        "urls": Record("urls", urls(machine, settings, context)),
        "interfaces": _once(partial(_interfaces, machine, context)),
        "nameservers": partial(_nameservers, machine),
        "params": Params("params", machine.params),
        **names,
        **{name.lower(): value for name, value in names.items()},
        "base_url": context.base_url,
    }


def urls(machine: Machine, settings: Settings, context: BuildContext) -> dict[str, Any]:
    """Return where a machine and its installer reach us, each address for this build only."""
    base = context.base_url
    own = f"{machine.hostname}/{context.token}"

    def template(kind: str) -> str:
        """Return the URL of a template that the machine has; jinja2's error, if it has not."""
        if not machine.templates.get(str(kind)) and not (
            kind in ("preseed", "finish") and getattr(machine, kind)
        ):
            raise jinja2.UndefinedError(f"urls.template: {no_template(machine, str(kind))}")
        return f"{base}/template/{quote(kind, safe='')}/{own}"

    def mirror(url: str) -> str:
        """Return where we serve what a mirror has at a URL; empty, where the settings name none."""
        # Templates have the public ones where a machine has no params of a recipe.
        known = {name: (*settings.mirrors.get(name, ()), *PUBLIC.get(name, ()))
                 for name in settings.mirror}  # fmt: skip
        path = kept_as(str(url), settings.mirror, known)
        return f"{base}/mirror/{path}" if path else ""

    def near(url: str) -> str:
        """Return the same, or the URL itself."""
        return mirror(url) or str(url)

    return {
        "base": base,
        "done": f"{base}/done/{own}",
        "failed": f"{base}/failed/{own}",
        "cancel": f"{base}/cancel/{own}",
        "seed": f"{base}/seed/{own}/",
        "template": template,
        "mirror": mirror,
        "near": near,
    }


def _job(machine: Record, build_type: str, context: BuildContext) -> dict[str, Any]:
    """Return the fields of waitron 3's job."""
    start = datetime.fromtimestamp(context.begun, UTC) if context.begun else None
    return {
        "token": context.token,
        "start": start.strftime("%Y-%m-%dT%H:%M:%SZ") if start else "",
        "status": context.state,
        "status_reason": context.reason,
        "build_type_name": build_type,
        "trigger_mac_raw": context.mac,
        "trigger_mac_normalized": context.mac.replace(":", ""),
        "machine": machine,
    }


def _nic(at: int, nic: Nic) -> Record:
    path = f"machine.network[{at}]"
    addresses = {
        key: [Record(f"{path}.{key}[{n}]", dict(each)) for n, each in enumerate(getattr(nic, key))]
        for key in ("addresses4", "addresses6")
    }
    own = {"macaddress": nic.macaddress or "", "zside_device_interface": nic.zside_device_port}
    return Record(path, {**dict(nic), **own, **addresses})


def _once(make: Callable[[], list[Record]]) -> Callable[[], list[Record]]:
    """Return what calls a function once: templates ask for the same again and again."""
    made: list[list[Record]] = []

    def given() -> list[Record]:
        if not made:
            made.append(make())
        return made[0]

    return given


def _interfaces(machine: Machine, context: BuildContext) -> list[Record]:
    """Return how the machine's NICs are to be set up; jinja2's error, if that cannot be told."""
    try:
        found = interfaces(machine.network, context.mac)
    except ValueError as exc:
        raise jinja2.UndefinedError(f"interfaces: {exc}") from exc
    return [_interface(at, each) for at, each in enumerate(found)]


def _interface(at: int, found: Interface) -> Record:
    path = f"interfaces[{at}]"
    statics = [_static(f"{path}.addresses[{n}]", each) for n, each in enumerate(found.addresses)]
    versions = [each.address.version for each in found.addresses]
    fields = {
        "name": found.name,
        "macaddress": found.macaddress,
        "card": found.card,
        "alone": found.alone,
        "booted": found.booted,
        "dhcp": not statics,
        # Whoever booted over IPv4 has DHCP for it there, and its installer comes that way.
        "dhcp4": 4 not in versions and (not statics or (found.booted and not found.vlan)),
        "addresses": statics,
        "addresses4": [
            each for each, version in zip(statics, versions, strict=True) if version == 4
        ],
        "addresses6": [
            each for each, version in zip(statics, versions, strict=True) if version == 6
        ],
        "gateway4": found.gateway4.address,
        "gateway6": found.gateway6.address,
        "vlan": found.vlan,
        "tagged": bool(found.vlan),
    }
    keys = {
        "gateway4": (found.gateway4.key,),
        "gateway6": (found.gateway6.key,),
        "vlan": (f"{found.path}.vlan_id",),
    }
    return Record(
        path,
        fields,
        {name: [f"machine.{_plain(key)}" for key in each] for name, each in keys.items()},
    )


def _static(path: str, found: Static) -> Record:
    address = found.address
    fields = {
        "address": str(address.ip),
        "prefix": address.network.prefixlen,
        "netmask": str(address.netmask),
        "cidr": str(address),
        "version": address.version,
    }
    keys = [f"machine.{_plain(key)}" for key in found.keys]
    return Record(path, fields, dict.fromkeys(("address", "cidr"), keys))


def _nameservers(machine: Machine) -> list[str]:
    """Return the addresses of the name servers; jinja2's error, if one is none."""
    read("machine.params.nameservers")
    try:
        return list(nameservers(machine.params.get("nameservers", "")))
    except ValueError as exc:
        raise jinja2.UndefinedError(f"params.nameservers: {exc}") from exc


def _config(settings: Settings, context: BuildContext) -> dict[str, Any]:
    own = {
        "cmdline": settings.cmdline,
        "kernel": kernel_url(settings.kernel),
        "initrd": initrd_urls(settings.initrd),
        "image_url": settings.image_url or "",
    }
    return {
        "templatepath": str(settings.templatepath),
        "machinepath": str(settings.machinepath),
        "staticspath": str(settings.staticspath or ""),
        "params": Params("config.params", settings.params),
        "base_url": context.base_url,
        **own,
        **{f"default_{name}": value for name, value in own.items()},
    }


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
