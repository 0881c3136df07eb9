"""One worked example of each call over REST, for the OpenAPI document: what is sent and answered.

They tell one story: web01 is described, built and installed. What is sent works as it stands on
a pyxie with any settings. The tests hold them to their schemas, and send them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

_HOST: Final = "web01.example.org"
_MAC: Final = "52:54:00:12:34:56"
_AT: Final = 1795406987.65

PARAMETERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "hostname": _HOST,
        "mac": "52:54:00:99:99:99",
        "name": "ci.example",
        "kind": "script",
        "boot": "8f14e45fceea167a",
        "medium": "tools",
        "recipe": "debian-12",
        "image": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "If-Match": "*",
    }
)
"""Of what stands in a path or a header, by its name."""

_MACHINE: Final = {"hostname": _HOST, "network": [{"macaddress": _MAC}], "params": {"role": "web"}}

REQUESTS: Final[Mapping[tuple[str, str], Any]] = MappingProxyType(
    {
        ("POST", "/api/v1/machines"): _MACHINE,
        ("PUT", "/api/v1/machines/{hostname}"): {**_MACHINE, "domain": "example.org"},
        ("PATCH", "/api/v1/machines/{hostname}"): {"params": {"role": None, "rack": "7"}},
        ("POST", "/api/v1/builds"): {"hosts": ["web*.example.org"], "replace": True},
        ("PUT", "/api/v1/builds/{hostname}"): {
            "replace": True,
            "definition": {"params": {"disk": "/dev/sda"}},
        },
        ("POST", "/api/v1/builds/{hostname}/failed"): {
            "reason": "no disk",
            "log": "partman: no disk was found\n",
        },
        ("POST", "/api/v1/boots"): {
            "kernel": "http://192.0.2.7/linux",
            "initrd": ["http://192.0.2.7/initrd.gz"],
            "cmdline": "console=ttyS0",
            "macs": ["52:54:00:99:99:99"],
        },
        ("POST", "/api/v1/images/fetch"): {"what": [_HOST]},
        ("POST", "/api/v1/images/prune"): {"unused": 2592000},
        ("POST", "/api/v1/media"): {"url": "http://192.0.2.7/fedora-40.iso", "name": "fedora-40"},
        ("POST", "/api/v1/media/{medium}/confirm"): {"cmdline": "console=ttyS0 quiet"},
        ("POST", "/api/v1/tokens"): {"name": "ci.example", "scope": "build", "seconds": 7776000},
    }
)
"""The bodies that are sent, by method and path."""

YAML_MACHINE: Final = f"""\
hostname: {_HOST}
network:
  - macaddress: {_MAC}
params:
  role: web
"""
"""The same machine, as its file would have it."""


_WIPES: Final = {
    "answer": "yes",
    "sentences": [
        f"{_HOST} will be installed by debian12.preseed.j2: all data on /dev/sda is lost"
    ],
    "disks": ["/dev/sda"],
}


def _build(state: str, **more: Any) -> dict[str, Any]:
    build = {"host": _HOST, "state": state, "begun": _AT, "changed": _AT, "mac": _MAC}
    given = {"kernel": {"sha256": "a1b2" * 16, "verified": "its 'sha256'"}}
    said = {"build_type": "", "reason": "", "trouble": None, "wipes": _WIPES}
    return {**build, **said, "given": {} if state == "pending" else given, **more}


_BEGUN: Final = _build(
    "pending",
    mac=None,
    id=12,
    token="06d691ed-4217-4228-a617-834a1cd51aa1",  # noqa: S106  (made up)
    advice=[],
)
_SHOWN: Final = {
    "hostname": _HOST,
    "macs": [_MAC],
    "build": None,
    "secure_boot": [],
    "history": [],
    "hooks": [],
    "definition": _MACHINE,
    "problems": [],
    "not_in_force": [],
}
_TOKEN: Final = {"name": "ci.example", "scope": "build", "created": _AT, "expires": _AT + 7776000}
_EVENT: Final = {
    "at": _AT,
    "step": "build",
    "code": "build.changed",
    "text": "in build mode",
    "data": {"state": "pending", "build": 12},
    "mac": None,
    "host": _HOST,
    "peer": "192.0.2.10",
}
_DISCOVERED: Final = {
    "mac": PARAMETERS["mac"],
    "first": _AT,
    "last": _AT,
    "told": {"vendor": "QEMU", "serial": "A1", "architecture": "x64 UEFI"},
    "where": {
        "interface": "eth0",
        "network": "198.51.100.1",
        "relay": "198.51.100.1",
        "port": "ge-0/0/1",
        "switch": "sw7",
    },
}
_ENTRY: Final = {
    "label": "Tools",
    "kernel": "boot/vmlinuz",
    "initrds": ["boot/initrd.img"],
    "cmdline": "quiet",
    "source": "isolinux/isolinux.cfg",
}
_MEDIUM: Final = {
    "name": "tools",
    "file": "Tools.iso",
    "size": 367001600,
    "state": "guess",
    "why": "is not known: say what it boots, with `pyxie images import tools --confirm`",
    "title": "Tools, of tools.iso",
    "volume": "TOOLS",
    "names": "Rock Ridge",
    "files": 312,
    "left_out": 0,
    "recipe": {
        "version": "1",
        "title": "Tools, of tools.iso",
        "unverified": "true",
        "kernel": "media:tools/boot/vmlinuz",
        "initrd": ["media:tools/boot/initrd.img"],
        "cmdline": "quiet",
        "arch": {"amd64": {}},
    },
    "written": False,
    "entries": [_ENTRY],
    "loaders": ["EFI/BOOT/BOOTX64.EFI"],
}
_BY: Final = "SHA256SUMS of InRelease, signed by 4CB50190207B4758A3F73A796ED0E7B82643E131"
_URL: Final = "http://deb.example.org/linux"
_IMAGE: Final = {
    "id": PARAMETERS["image"],
    "url": _URL,
    "digest": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "size": 8123456,
    "content_type": "application/octet-stream",
    "verified": _BY,
    "fetched": _AT,
    "checked": _AT,
    "used": _AT,
    "pinned": False,
}
_PREFETCH: Final = {
    "id": PARAMETERS["image"],
    "by": _HOST,
    "part": "kernel",
    "url": _URL,
    "state": "waiting",
    "there": 0,
    "size": None,
    "why": "",
    "verified": "",
}

_SECURE_BOOT: Final = {"mac": _MAC, "state": "on", "by": "GRUB", "at": _AT}
_BOOT: Final = {
    "id": PARAMETERS["boot"],
    "begun": _AT,
    "macs": [PARAMETERS["mac"]],
    "os": "",
    "kernel": "http://192.0.2.7/linux",
    "initrd": ["http://192.0.2.7/initrd.gz"],
    "seconds": 20,
    "once": False,
}

ANSWERS: Final[Mapping[tuple[str, str], Any]] = MappingProxyType(
    {
        ("GET", "/api/v1/machines"): {
            "machines": [{"hostname": _HOST, "macs": [_MAC], "build": _build("installed")}],
            "problems": [],
            "not_in_force": [],
            "next": None,
        },
        ("GET", "/api/v1/machines/{hostname}"): {
            **_SHOWN,
            "build": _build("pending"),
            "secure_boot": [_SECURE_BOOT],
            "history": [
                {
                    "build": 12,
                    "at": _AT,
                    "state": "pending",
                    "cause": "PUT /api/v1/builds",
                    "peer": "192.0.2.10",
                }
            ],
        },
        ("POST", "/api/v1/machines"): _SHOWN,
        ("PUT", "/api/v1/machines/{hostname}"): {
            **_SHOWN,
            "definition": REQUESTS["PUT", "/api/v1/machines/{hostname}"],
        },
        ("PATCH", "/api/v1/machines/{hostname}"): {
            **_SHOWN,
            "definition": {**_MACHINE, "params": {"rack": "7"}},
        },
        ("GET", "/api/v1/machines/{hostname}/definition"): {
            "hostname": _HOST,
            "build_type": "",
            "secure_boot": [_SECURE_BOOT],
            "definition": {"params": {"role": "web"}},
            "origins": [
                {
                    "path": "params.role",
                    "value": "web",
                    "layer": "machine",
                    "file": f"/var/lib/pyxie/machines/{_HOST}.yaml",
                    "line": 5,
                    "column": 9,
                }
            ],
            "problems": [],
            "advice": [],
            "wipes": _WIPES,
            "hidden": [],
            "images": [
                {
                    "part": "kernel",
                    "source": "http://deb.example.org/linux",
                    "verified": "SHA256SUMS, signed by one of the keyring debian-archive",
                }
            ],
        },
        ("GET", "/api/v1/machines/{hostname}/templates/{kind}"): "#!ipxe\n…\nboot kernel\n",
        ("GET", "/api/v1/builds"): {"builds": [_build("installed", id=12)], "next": None},
        ("POST", "/api/v1/builds"): {
            "results": [
                {"host": _HOST, "status": 200, "detail": "", "code": None, "build": _BEGUN},
                {
                    "host": "web02.example.org",
                    "status": 400,
                    "detail": "kernel: none is named",
                    "code": None,
                    "build": None,
                },
            ]
        },
        ("GET", "/api/v1/builds/{hostname}"): _build("installing", id=12),
        ("PUT", "/api/v1/builds/{hostname}"): _BEGUN,
        ("DELETE", "/api/v1/builds/{hostname}"): _build("cancelled"),
        ("POST", "/api/v1/builds/{hostname}/done"): _build("installed"),
        ("POST", "/api/v1/builds/{hostname}/failed"): _build("failed", reason="no disk"),
        ("GET", "/api/v1/builds/{hostname}/log"): _build(
            "failed", reason="no disk", log="partman: no disk was found\n"
        ),
        ("GET", "/api/v1/events"): '{"at": 1795406987.65, "step": "build", "text": "…"}\n',
        ("GET", "/api/v1/events/history"): {"events": [{"id": 42, **_EVENT}], "next": None},
        ("POST", "/api/v1/boots"): {
            **_BOOT,
            "interfaces": "eth0 192.0.2.10/24",
            "dhcp": "answer",
            "advice": [],
        },
        ("GET", "/api/v1/boots"): {"boots": [_BOOT]},
        ("POST", "/api/v1/tokens"): {**_TOKEN, "token": "pyxie_v3Qm…"},
        ("GET", "/api/v1/tokens"): {"tokens": [_TOKEN]},
        ("GET", "/api/v1/audit"): {
            "entries": [
                {
                    "id": 7,
                    "at": _AT,
                    "who": "token ci.example",
                    "peer": "192.0.2.10",
                    "method": "PUT",
                    "path": f"/api/v1/builds/{_HOST}",
                    "status": 200,
                }
            ],
            "next": None,
        },
        ("GET", "/api/v1/settings"): {
            "file": "/etc/pyxie/config.yaml",
            "not_in_force": [],
            "settings": {"machinepath": "/var/lib/pyxie/machines", "dhcp": {"mode": "answer"}},
        },
        ("GET", "/api/v1/media"): {"media": [_MEDIUM]},
        ("GET", "/api/v1/media/{medium}"): _MEDIUM,
        ("POST", "/api/v1/media"): {"name": "fedora-40"},
        ("DELETE", "/api/v1/media/{medium}/fetch"): {"name": "fedora-40"},
        ("PUT", "/api/v1/media/{medium}"): {"name": "tools"},
        ("POST", "/api/v1/media/{medium}/confirm"): {
            **_MEDIUM,
            "state": "ready",
            "why": "",
            "written": True,
        },
        ("GET", "/api/v1/images"): {
            "images": [_IMAGE],
            "fetching": [],
            "size": 8123456,
            "most": 20_000_000_000,
            "problem": "",
        },
        ("POST", "/api/v1/images/fetch"): {"fetches": [_PREFETCH], "nothing": []},
        ("GET", "/api/v1/images/fetches"): {
            "fetches": [{**_PREFETCH, "state": "fetching", "there": 4194304, "size": 8123456}]
        },
        ("DELETE", "/api/v1/images/fetches/{image}"): {"id": PARAMETERS["image"], "url": _URL},
        ("POST", "/api/v1/images/prune"): {"removed": [_IMAGE], "size": 8123456},
        ("POST", "/api/v1/images/{image}/verify"): {
            "id": PARAMETERS["image"],
            "url": _URL,
            "digest": _IMAGE["digest"],
            "found": _IMAGE["digest"],
            "whole": True,
        },
        ("PUT", "/api/v1/images/{image}/pin"): {**_IMAGE, "pinned": True},
        ("DELETE", "/api/v1/images/{image}/pin"): _IMAGE,
        ("DELETE", "/api/v1/images/{image}"): _IMAGE,
        ("GET", "/api/v1/loaders"): {
            "loaders": [
                {
                    "client": "x64 UEFI",
                    "codes": [7, 9, 16],
                    "name": "snponly.efi",
                    "path": "/etc/pyxie/ipxe/snponly.efi",
                    "size": 254_976,
                    "version": "2.0.0",
                    "signers": [
                        {
                            "name": "Microsoft UEFI CA 2023 signer",
                            "ca": "Microsoft UEFI CA 2023",
                            "expires": "2038-06-13",
                        }
                    ],
                    "usual": True,
                    "missing": "",
                }
            ]
        },
        ("GET", "/api/v1/machines/{hostname}/why"): {
            "host": _HOST,
            "macs": [_MAC],
            "at": _AT,
            "code": "image-failed",
            "standing": "stuck",
            "sentence": f"Its kernel cannot be fetched: {_URL}: answered 404 Not Found.",
            "steps": [f"does that address answer from pyxie's host? curl -I {_URL}"],
            "certain_by": "",
            "remedies": [],
            "since": _AT - 5,
            "until": None,
            "data": {
                "part": "kernel",
                "source": _URL,
                "why": "answered 404 Not Found",
                "times": 1,
            },
            "evidence": [{**_EVENT, "step": "trouble", "code": "image.failed"}],
        },
        ("GET", "/api/v1/recipes"): {
            "recipes": [
                {
                    "name": "debian-12",
                    "title": "Debian 12 (bookworm)",
                    "docs": "https://www.debian.org/releases/bookworm/",
                    "needs": "",
                    "own": False,
                    "archs": [
                        {
                            "arch": "amd64",
                            "verified": {"date": "2026-11-20", "how": "installed in QEMU"},
                        },
                        {"arch": "arm64", "verified": None},
                    ],
                    "problem": "",
                }
            ]
        },
        ("POST", "/api/v1/recipes/{recipe}/check"): {
            "recipe": PARAMETERS["recipe"],
            "files": [
                {
                    "arch": "amd64",
                    "part": "kernel",
                    "url": _URL,
                    "state": "answers",
                    "why": "",
                    "size": 8123456,
                    "signature": "good",
                    "by": _BY,
                }
            ],
        },
        ("GET", "/api/v1/leases"): {
            "serves": True,
            "range": "192.0.2.100-192.0.2.199",
            "leases": [
                {
                    "address": "192.0.2.100",
                    "mac": "52:54:00:12:34:56",
                    "host": "web01.example.org",
                    "name": "web01",
                    "expires": 1795410729.0,
                }
            ],
        },
        ("GET", "/api/v1/dhcp/servers"): {
            "servers": [
                {
                    "server": "192.0.2.1",
                    "source": "192.0.2.1",
                    "interface": "eth0",
                    "here": False,
                    "addresses": True,
                    "kind": "ACK",
                    "siaddr": "192.0.2.1",
                    "file": "pxelinux.0",
                    "options": {"43": "", "60": "", "66": "", "67": "pxelinux.0"},
                    "last": 1795407129.46,
                }
            ]
        },
        ("GET", "/api/v1/discovered"): {"machines": [_DISCOVERED], "next": None},
        ("GET", "/api/v1/discovered/{mac}"): _DISCOVERED,
    }
)
"""What is answered when all is well, by method and path."""
