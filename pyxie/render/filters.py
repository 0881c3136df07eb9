"""The filters of templates beyond Jinja2's own. Each has a bound on what it takes.

They raise `FilterError`, of which `pyxie.render.strict` makes a sentence with template and
line. Libraries are imported where they are used: most templates use none of them.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import jinja2
import yaml
from jinja2.runtime import Context

from pyxie.config.nodes import Plain, parse
from pyxie.errors import ConfigError
from pyxie.render.arguments import LONGEST, LONGEST_PATTERN, SHOWN, FilterError, as_text, plain
from pyxie.render.disk import DiskError
from pyxie.render.disk import disk as disk_named
from pyxie.render.patterns import regex_replace, regex_search
from pyxie.render.proxy import proxy
from pyxie.render.quoting import kickstart, line, sh_quote

LONGEST_PASSWORD: Final = 1 << 10
MOST_ROUNDS: Final = 1_000_000
_WIDEST = 16
_UNPRINTED = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
_SALT = re.compile(r"[./0-9A-Za-z]{1,16}")


def from_yaml(value: Any) -> Plain:
    """Return what a YAML text holds: mappings, lists and texts; an empty text an empty mapping.

    As everywhere in pyxie a scalar is the text that was written, and a null the empty text.
    """
    text = as_text("from_yaml", value)
    try:
        data = parse(text.encode(), Path("from_yaml")).data
    except ConfigError as exc:
        first = exc.problems[0]
        place = f"line {first.line}, column {first.column}: " if first.line else ""
        raise FilterError(f"from_yaml: {place}{first.sentence}") from exc
    return {} if data is None else _without_nulls(data)


def to_yaml(value: Any, indent: int = 2) -> str:
    """Return ``value`` as YAML in block style; a text that YAML would read as no text is quoted."""
    made: str = yaml.dump(
        data := plain("to_yaml", value),
        Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper),
        default_flow_style=False,
        allow_unicode=True,
        sort_keys=False,
        width=LONGEST,  # folded lines surprise whoever compares
        indent=_indented("to_yaml", indent, least=2),
    )
    # A bare scalar is followed by the end of its document.
    return made if isinstance(data, dict | list) else made.removesuffix("...\n")


def to_json(value: Any, indent: int | None = None) -> str:
    """Return ``value`` as JSON; in one line, unless ``indent`` is given."""
    wide = None if indent is None else _indented("to_json", indent, least=0)
    try:
        made = json.dumps(plain("to_json", value), ensure_ascii=False, indent=wide, allow_nan=False)
    except ValueError as exc:
        raise FilterError("to_json: JSON has no infinite numbers") from exc
    # YAML and TOML take what JSON takes, but for these, which they want escaped or end a line at.
    return _UNPRINTED.sub(lambda found: f"\\u{ord(found[0]):04x}", made)


def ipaddr(value: Any, query: str | int = "") -> str:
    """Return a part of an address or network, spelt as Ansible's filter of that name.

    Args:
        value: ``192.0.2.5``, ``192.0.2.5/24``, ``192.0.2.5/255.255.255.0`` or IPv6.
        query: A name in `IP_QUERIES`; a number, for that address of the network, with its
            prefix; or a network, for ``value`` if it lies in it, else the empty text. Without
            one, ``value`` in its usual spelling.
    """
    import netaddr  # 40 ms

    def network(text: str) -> Any:
        try:
            return netaddr.IPNetwork(text)
        except (netaddr.AddrFormatError, ValueError) as exc:
            shown = f"{text[:SHOWN]!r} is no address or network like 192.0.2.5/24"
            raise FilterError(f"ipaddr: {shown}") from exc

    written = as_text("ipaddr", value, LONGEST_PATTERN).strip()
    net = network(written)
    if query == "":
        return str(net) if "/" in written else str(net.ip)
    asked = str(query).strip()
    if re.fullmatch(r"-?[0-9]{1,39}", asked):
        try:
            return f"{net[int(asked)]}/{net.prefixlen}"
        except IndexError as exc:
            raise FilterError(f"ipaddr: {net.cidr} has no address number {asked}") from exc
    if asked in IP_QUERIES:
        part = IP_QUERIES[asked](net)
        if part is None:
            raise FilterError(f"ipaddr: {written[:SHOWN]} has no {asked}")
        return str(part)
    if ":" not in asked and "." not in asked:
        known = ", ".join(IP_QUERIES)
        shown = f"{asked[:SHOWN]!r} is no query; there are: {known}, a number, a network"
        raise FilterError(f"ipaddr: {shown}")
    return written if net in network(asked) else ""


IP_QUERIES: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "address": lambda net: net.ip,
        "network": lambda net: net.network,
        "netmask": lambda net: net.netmask,
        "hostmask": lambda net: net.hostmask,
        "prefix": lambda net: net.prefixlen,
        "broadcast": lambda net: net.broadcast if net.version == 4 else None,
        "subnet": lambda net: net.cidr,
        "host/prefix": lambda net: f"{net.ip}/{net.prefixlen}",
        "size": lambda net: net.size,
        "version": lambda net: net.version,
        "first_usable": lambda net: _usable(net)[0],
        "last_usable": lambda net: _usable(net)[1],
        "revdns": lambda net: net.ip.reverse_dns,
    }
)
"""What `ipaddr` may be asked for by name."""


def _usable(net: Any) -> tuple[Any, Any]:
    # RFC 3021: both addresses of a /31 are hosts; RFC 6164 says it of IPv6's /127.
    if net.size <= 2:
        return net[0], net[-1]
    return net[1], net[-2] if net.version == 4 else net[-1]


@jinja2.pass_context
def sha512_crypt(
    context: Context, password: Any, salt: str | None = None, rounds: int = 5000
) -> str:
    """Return ``password`` as crypt(3) hashes it with SHA-512, for an installer.

    Args:
        context: The template's names.
        password: In clear.
        salt: By default made of the build's token and the hostname, so that a template gives
            the same bytes each time it is fetched, and others for another build. Not of the
            password: a salt is public, and would let it be guessed without the rounds.
        rounds: crypt(3)'s are 5000.
    """
    from passlib.hash import sha512_crypt as crypt

    text = as_text("sha512_crypt", password, LONGEST_PASSWORD)
    if "\0" in text:
        raise FilterError("sha512_crypt: a password cannot hold NUL")
    if not 1000 <= _whole(rounds) <= MOST_ROUNDS:
        raise FilterError(f"sha512_crypt: 'rounds' is from 1000 to {MOST_ROUNDS}")
    used = _salt(context) if salt is None else as_text("sha512_crypt", salt)
    if not _SALT.fullmatch(used):
        raise FilterError("sha512_crypt: a salt is 1 to 16 letters, digits, dots and slashes")
    return str(crypt.using(salt=used, rounds=rounds).hash(text))


def _salt(context: Context) -> str:
    token, host = context.get("Token"), context.get("Hostname")
    if not token or not host:
        raise FilterError("sha512_crypt: there is no build to take a salt from; set 'salt='")
    made = hmac.digest(str(token).encode(), f"sha512_crypt {host}".encode(), "sha256")
    return base64.b64encode(made, b"./").decode()[:16]


def disk(value: Any, *, needed: bool = False) -> str:
    """Return the disk that ``value`` names, as `pyxie.render.disk.disk` spells it.

    Args:
        value: What it is named by; empty, if the installer is to find one.
        needed: It may not be empty.
    """
    text = as_text("disk", value)
    try:
        found = disk_named(text)
    except DiskError as exc:
        raise FilterError(str(exc), text) from exc
    if needed and not found:
        raise FilterError("'disk' is empty: this installer finds none by itself, so name it")
    return found


def must_be(value: Any, wanted: Any = "", why: Any = "is not what is needed") -> str:
    """Return ``value`` if it is ``wanted``: for what is not to be done without being meant.

    Args:
        value: A text.
        wanted: The one that it has to be.
        why: What to do, else.
    """
    text = as_text("must_be", value)
    if text != as_text("must_be", wanted):
        raise FilterError(as_text("must_be", why), text)
    return text


def b64encode(value: Any) -> str:
    """Return the UTF-8 of ``value`` in base64, in one line."""
    return base64.b64encode(as_text("b64encode", value).encode()).decode()


FILTERS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "from_yaml": from_yaml,
        "to_yaml": to_yaml,
        "to_json": to_json,
        "regex_replace": regex_replace,
        "regex_search": regex_search,
        "ipaddr": ipaddr,
        "sha512_crypt": sha512_crypt,
        "b64encode": b64encode,
        "disk": disk,
        "must_be": must_be,
        "proxy": proxy,
        "line": line,
        "kickstart": kickstart,
        "sh_quote": sh_quote,
        "quote": sh_quote,
    }
)
"""By the name that templates use."""


def _without_nulls(data: Plain) -> Plain:
    if isinstance(data, dict):
        return {key: _without_nulls(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_without_nulls(value) for value in data]
    return "" if data is None else data


def _indented(name: str, indent: Any, *, least: int) -> int:
    if not least <= _whole(indent) <= _WIDEST:
        raise FilterError(f"{name}: 'indent' is a number from {least} to {_WIDEST}")
    return _whole(indent)


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else -1
