"""``mirrors``: where distributions' files are, by the name of a distribution; and ``mirror``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field

from pyxie.config.values import http_url, listed

PUBLIC: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "almalinux": ("https://repo.almalinux.org/almalinux",),
        "alpine": ("http://dl-cdn.alpinelinux.org/alpine",),
        "archlinux": ("http://mirrors.kernel.org/archlinux",),
        "centos-stream": ("https://mirror.stream.centos.org",),
        "debian": ("http://mirrors.kernel.org/debian",),
        "debian-security": ("http://security.debian.org/debian-security",),
        "fedora": ("https://download.fedoraproject.org/pub/fedora/linux",),
        "fedora-coreos": ("https://builds.coreos.fedoraproject.org",),
        "flatcar": ("https://stable.release.flatcar-linux.net",),
        "netboot-xyz": ("https://boot.netboot.xyz",),
        "opensuse": ("http://download.opensuse.org",),
        "rocky": ("https://dl.rockylinux.org/pub/rocky",),
        "talos": ("https://github.com/siderolabs/talos/releases",),
        "ubuntu": ("http://archive.ubuntu.com/ubuntu",),
        "ubuntu-cdimage": ("http://cdimage.ubuntu.com",),
        "ubuntu-ports": ("http://ports.ubuntu.com/ubuntu-ports",),
        "ubuntu-releases": ("http://releases.ubuntu.com",),
    }
)
"""What is asked where the settings name no other."""


_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")


def _root(url: str) -> str:
    """Return a mirror's URL without the slash at its end: recipes go on with one."""
    if "?" in url or "#" in url:
        raise ValueError(f"{url[:200]!r} is not the URL of a folder, as http://192.0.2.1/debian")
    return http_url(url).rstrip("/")


def _beside_public(value: Any) -> Any:
    """Return the public mirrors with those that are written in their place."""
    return {**PUBLIC, **value} if isinstance(value, dict) else value


_Urls = Annotated[
    tuple[Annotated[str, AfterValidator(_root)], ...], Field(min_length=1), BeforeValidator(listed)
]
Mirrors = Annotated[dict[str, _Urls], BeforeValidator(_beside_public)]
"""By name one URL, or several in the order in which they are asked."""


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name[:80]!r} is not a name like debian: it stands in URLs")
    return name


Mirror = Annotated[
    dict[Annotated[str, AfterValidator(_name)], _Urls],
    BeforeValidator(lambda value: {} if value in (None, "") else value),
]
"""The same, of what is served below ``/mirror``."""
