"""``config.yaml`` as a model."""

from __future__ import annotations

import os
import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from pyxie import bounds
from pyxie.config.build import BuildKeys, BuildType, WhenIdle
from pyxie.config.checksums import KernelFile
from pyxie.config.dhcpmode import Dhcp
from pyxie.config.imagestore import ImageStore
from pyxie.config.initrd import Initrds
from pyxie.config.nodes import Document, read
from pyxie.config.publicmirrors import PUBLIC, Mirror, Mirrors
from pyxie.config.validate import Model, validate
from pyxie.config.values import Addresses, HttpUrl, Names, http_url, listed
from pyxie.errors import ConfigError

Port = Annotated[int, Field(ge=1, le=65535)]


def _network(text: Any) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except (ValueError, TypeError) as exc:
        reason = " (host bits set)" if "host bits" in str(exc) else ""
        raise ValueError(f"{text!r} is not a network like 192.0.2.0/24{reason}") from exc


Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]


def _path(path: Path) -> Path:
    if not str(path).isprintable():
        raise ValueError(f"{str(path)[:80]!r} is not a path")
    return path


Folder = Annotated[Path, AfterValidator(_path)]

_SHORTEST_TOKEN = 16


def _secret(token: SecretStr, info: ValidationInfo) -> SecretStr:
    # systemd hands secrets to the service as files (systemd.exec(5), LoadCredential=).
    scheme, _, place = token.get_secret_value().partition("file:")
    if not scheme and place:
        try:
            folder = (info.context or {}).get("folder", Path())
            token = SecretStr((folder / place).read_text().strip())
        except (OSError, UnicodeError) as exc:
            reason = exc.strerror if isinstance(exc, OSError) else "not text"
            raise ValueError(f"{place!r} cannot be read: {reason}") from exc
    if len(token.get_secret_value()) < _SHORTEST_TOKEN:
        raise ValueError(f"a token needs at least {_SHORTEST_TOKEN} characters")
    return token


def _host_name(text: str) -> str:
    name = text.removesuffix(".").lower()
    if not re.fullmatch(r"[a-z0-9_]([a-z0-9._-]{0,251}[a-z0-9_])?", name):
        raise ValueError(f"{text[:80]!r} is not a host name like pxe.example, without a port")
    return name


HostName = Annotated[str, AfterValidator(_host_name)]

Token = Annotated[SecretStr, AfterValidator(_secret)]


_TYPE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")


def _type_name(name: str) -> str:
    if not _TYPE_NAME.fullmatch(name):
        raise ValueError(f"{name[:80]!r} is not a name like rescue: it stands in URLs")
    return name


def _mapping(value: Any) -> Any:
    return {} if value in (None, "") else value


_BLANK = BeforeValidator(_mapping)
"""A name with nothing after it is one that inherits everything."""


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _server(url: SecretStr) -> SecretStr:
    """Check the URL of an API server, which may hold a password: it is not quoted."""
    text = url.get_secret_value()
    try:
        http_url(text)
    except ValueError:
        text = "?"
    if "?" in text or "#" in text:
        raise ValueError("must be a URL like http://192.0.2.1:8090, without '?' and '#'")
    return url


class Http(Model):
    """Where HTTP listens.

    Attributes:
        port: TCP port.
        listen: Addresses to listen on; none means all, IPv6 too.
    """

    port: Port = 8090
    listen: Addresses = ()


class Tftp(Model):
    """How TFTP is served.

    Attributes:
        port: UDP. Firmware asks nowhere but 69.
        single_port: Send from that port too, for a NAT or a firewall on the way.
    """

    port: Port = 69
    single_port: bool = False


class Limits(Model):
    """What one address, and all together, may have in hand.

    Attributes:
        tftp_per_address: Transfers; a NAT or a relay may stand for a rack.
        tftp_total: Transfers.
        http_per_address: Connections.
        http_total: Connections.
        dhcp_per_mac: DISCOVERs and port-4011 requests a second.
        first_byte: Seconds that another server may take for the first byte of an image: some
            build it when it is first asked for.
        tftp_blksize: Largest block, bytes; ROMs cannot reassemble fragments.
        tftp_windowsize: Largest RFC 7440 window, blocks.
        builds_per_machine: Builds that are remembered, with their history and hooks.
        events: Events that are remembered on disk; 0 for none.
        audit: Changes over HTTP that the audit log remembers.
    """

    tftp_per_address: Annotated[int, Field(ge=1)] = bounds.TFTP_PER_ADDRESS.whole
    tftp_total: Annotated[int, Field(ge=1)] = bounds.TFTP_TOTAL.whole
    http_per_address: Annotated[int, Field(ge=1)] = bounds.HTTP_PER_ADDRESS.whole
    http_total: Annotated[int, Field(ge=1)] = bounds.HTTP_TOTAL.whole
    dhcp_per_mac: Annotated[int, Field(ge=1)] = bounds.DHCP_PER_MAC.whole
    first_byte: Annotated[int, Field(ge=1, le=3600)] = bounds.IMAGE_FIRST_BYTE.whole
    tftp_blksize: Annotated[int, Field(ge=512, le=65464)] = 1468
    tftp_windowsize: Annotated[int, Field(ge=1, le=32767)] = 64
    builds_per_machine: Annotated[int, Field(ge=1)] = 50
    events: Annotated[int, Field(ge=0, le=10_000_000)] = 20_000
    audit: Annotated[int, Field(ge=1, le=10_000_000)] = 10_000


class Log(Model):
    """What is logged, to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class Api(Model):
    """Who may manage, beside this host itself.

    Attributes:
        allow: Networks.
        tokens: For ``Authorization: Bearer``, or as the password of basic auth;
            ``file:/path`` for one that is kept in a file.
        names: Host names by which it is called, beside the host's own and that of ``baseurl``.
    """

    allow: Annotated[tuple[Network, ...], BeforeValidator(listed)] = ()
    tokens: Annotated[tuple[Token, ...], BeforeValidator(listed)] = ()
    names: Annotated[tuple[HostName, ...], BeforeValidator(listed)] = ()


POLICIES: Final = ("ignore", "local", "discover", "menu")
"""What ``unknown`` may be beside a build type: nothing is answered; it is sent on to its next boot
device; it is asked what it is before; or somebody at it chooses."""


class Settings(BuildKeys):
    """All of ``config.yaml``. Relative paths have been made absolute by `load`.

    waitron's keys keep their meaning; ``default_kernel`` and so on are other names for
    ``kernel`` and so on.
    """

    templatepath: Folder = Path("templates")
    machinepath: Folder = Path("machines")
    grouppath: Folder = Path("groups")
    recipepath: Folder = Path("recipes")
    staticspath: Folder | None = None
    ipxe: Folder = Path("ipxe")
    images: Folder = Path("images")
    keyrings: Folder = Path("keyrings")
    isos: Folder = Path("isos")
    """ISO images, of which machines boot."""
    state: str = ""

    baseurl: HttpUrl | None = None
    cmdline: str = Field("", validation_alias=AliasChoices("cmdline", "default_cmdline"))
    kernel: KernelFile = Field("", validation_alias=AliasChoices("kernel", "default_kernel"))
    initrd: Initrds = Field((), validation_alias=AliasChoices("initrd", "default_initrd"))
    image_url: HttpUrl | None = Field(
        None, validation_alias=AliasChoices("image_url", "default_image_url")
    )
    build_types: Annotated[
        dict[Annotated[str, AfterValidator(_type_name)], Annotated[BuildType, _BLANK]], _BLANK
    ] = Field(default_factory=dict)
    unknown: str = "ignore"
    """What an unknown machine gets: see `POLICIES`; or one of ``build_types``."""
    when_idle: WhenIdle = "silent"
    """What known machines hear that are not in build mode: nothing, or ``local``, that they are to
    go on to their next boot device."""
    boot_api: Annotated[SecretStr, AfterValidator(_server)] | None = None
    """An API server of pixiecore's, asked about unknown machines."""
    waitron_api: Annotated[Literal[1, 3], BeforeValidator(_number)] = 1
    """Whose answers waitron's routes give: those of its version 1, or 3."""
    foreman_proxy_address: str = ""
    """Read by no version of waitron, but its shipped configuration has it."""

    mirrors: Mirrors = Field(default_factory=lambda: dict(PUBLIC))
    """Where distributions' files are, for recipes: by name one URL, or several in order."""
    mirror: Mirror = Field(default_factory=dict)
    """Of which installers have their packages by way of pyxie, below ``/mirror/NAME``."""

    interfaces: Names = ()
    http: Http = Http()
    tftp: Tftp = Tftp()
    dhcp: Dhcp = Dhcp()
    limits: Limits = Limits()
    image_store: ImageStore = ImageStore()
    log: Log = Log()
    api: Api = Api()
    user: str | None = None

    @model_validator(mode="after")
    def _has_its_type(self) -> Settings:
        if self.unknown not in POLICIES and self.unknown not in self.build_types:
            raise PydanticCustomError(
                "value_error",
                "Value error, 'unknown' is {given}: not {policies} and not one of 'build_types'",
                {"given": repr(self.unknown[:80]), "policies": ", ".join(POLICIES)},
            )
        return self

    @field_validator("baseurl")
    @classmethod
    def _without_slash(cls, url: str | None) -> str | None:
        return url.rstrip("/") if url else url


_STORE: Final = "image-store"
_TWINS = ("cmdline", "kernel", "initrd", "image_url")
_FOLDERS = (
    *("templatepath", "machinepath", "grouppath", "recipepath", "staticspath"),
    *("ipxe", "images", "keyrings", "isos"),
)


def load(file: Path) -> Settings:
    """Read ``config.yaml``; paths in it are relative to its folder.

    Raises:
        ConfigError: With every problem of the file.
    """
    return load_marked(file)[0]


def load_marked(file: Path) -> tuple[Settings, Document]:
    """Read ``config.yaml`` as `load`; return it with its marks too."""
    document = read(file, tolerant=True)
    settings = _validated(document)
    folder = file.absolute().parent
    changed: dict[str, Any] = {"state": _state_url(settings.state, folder)}
    for name in _FOLDERS:
        path: Path | None = getattr(settings, name)
        changed[name] = folder / path if path else None
    store = settings.image_store.path
    if store is None and _folder_of(changed["state"]) is None:
        store = Path(_state_url("", folder).partition(":///")[2]).with_name(_STORE)
    written = settings.image_store
    whole = {
        "path": folder / store if store is not None else None,
        "ca": folder / written.ca if written.ca is not None else None,
        "folders": tuple(folder / each for each in written.folders),
    }
    leases = settings.dhcp.leases
    if leases is not None:
        changed["dhcp"] = settings.dhcp.model_copy(update={"leases": folder / leases})
    changed["image_store"] = written.model_copy(update=whole)
    return settings.model_copy(update=changed), document


def _validated(document: Document) -> Settings:
    written = document.data if isinstance(document.data, dict) else {}
    twins = [
        document.problem((f"default_{key}",), f"means the same as {key!r}; keep one", at_key=True)
        for key in _TWINS
        if key in written and f"default_{key}" in written
    ]
    try:
        settings = validate(document, Settings)
    except ConfigError as exc:
        places = {(twin.line, twin.column) for twin in twins}
        others = [each for each in exc.problems if (each.line, each.column) not in places]
        raise ConfigError([*twins, *others]) from exc
    if twins:
        raise ConfigError(twins)
    return settings


def image_store_folder(settings: Settings) -> Path:
    """Return where copies of images are kept: beside the state, if nothing else is said."""
    return settings.image_store.path or (_folder_of(settings.state) or Path()) / _STORE


def leases_file(settings: Settings) -> Path:
    """Return where it is kept who has which address: beside the state, if nothing else is said."""
    if settings.dhcp.leases is not None:
        return settings.dhcp.leases
    if _folder_of(settings.state) is None:
        return image_store_folder(settings).with_name("pyxie.leases")
    return Path(f"{settings.state.partition(':///')[2].partition('?')[0]}.leases")


def _folder_of(state: str) -> Path | None:
    """Return the folder of a state, None where that is a database elsewhere."""
    scheme, parted, place = state.partition(":///")
    is_file = parted and scheme.startswith("sqlite")
    return Path(place.partition("?")[0]).parent if is_file else None


def _state_url(state: str, folder: Path) -> str:
    """Return the SQLAlchemy URL of the state, with the driver that pyxie has for it."""
    if "://" in state:
        scheme, rest = state.split("://", 1)
        drivers = {"sqlite+aiosqlite": "sqlite", "postgresql": "postgresql+asyncpg"}
        if scheme.startswith("sqlite") and rest.startswith("/") and len(rest) > 1:
            rest = f"/{folder / rest[1:]}"  # three slashes are relative, four absolute
        return f"{drivers.get(scheme, scheme)}://{rest}"
    if not state:
        # systemd tells the service where it may write (systemd.exec(5), StateDirectory=).
        given = os.environ.get("STATE_DIRECTORY")
        state = str(Path(given.split(":")[0] if given else "state") / "pyxie.sqlite")
    return f"sqlite:///{folder / state}"
