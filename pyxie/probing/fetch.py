"""Fetches what a client was offered, as it would: by TFTP or HTTP, bounded in size and time."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import struct
import time
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any, Final

import aiohttp
from yarl import URL

from pyxie.bounds import PROBE_LOADER, PROBE_SECONDS
from pyxie.errors import PyxieError
from pyxie.outbound.fetcher import Fetcher, RedirectError
from pyxie.outbound.phrases import phrase
from pyxie.outbound.reach import OutOfReachError, Reach, literal
from pyxie.probing.heard import readable
from pyxie.probing.target import ByHttp, ByTftp
from pyxie.tftp.packet import error
from pyxie.threads import Pool

_TFTP: Final = 69
_BLOCK: Final = 1428
"""Bytes: what fits an Ethernet frame behind a tunnel, too."""
_TIMEOUT: Final = 2
"""Seconds without an answer until a request is sent again."""
_TRIES: Final = 3
_STOPPED: Final = 8
"""The ERROR by which clients break off (RFC 2347)."""
_CHUNK: Final = 65_536
_NOT_FOUND, _PARTIAL = 404, 206


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file.

    Attributes:
        data: All of it, or its beginning.
        size: Of all of it, in bytes; None where that was not told.
        seconds: That it took.
    """

    data: bytes
    size: int | None
    seconds: float

    @property
    def whole(self) -> bool:
        """It was fetched to its end."""
        return self.size is None or self.size == len(self.data)


class FetchError(PyxieError):
    """A file cannot be fetched; the text says why.

    Attributes:
        code: ``missing``, ``silent`` or ``refused``.
    """

    def __init__(self, code: str, why: str) -> None:
        super().__init__(code, why)
        self.code = code
        self.why = why

    def __str__(self) -> str:
        return self.why


async def by_tftp(what: ByTftp, port: int = _TFTP) -> Fetched:
    """Fetch a file by TFTP.

    Args:
        what: Which, of whom.
        port: Of the server.

    Raises:
        FetchError: It cannot be fetched.
    """
    return await Pool("probe", patience=PROBE_SECONDS.most + 30).run(_by_tftp, what, port)


class _EnoughError(Exception):
    """As much was fetched as is looked at."""


def _by_tftp(what: ByTftp, port: int) -> Fetched:
    import tftpy

    logging.getLogger("tftpy").setLevel(logging.CRITICAL)
    out, began = io.BytesIO(), time.monotonic()
    client: Any = tftpy.TftpClient(what.server, port, {"tsize": 0, "blksize": _BLOCK}, flock=False)
    size: int | None = None

    def looks(packet: Any) -> None:
        nonlocal size
        if isinstance(packet, tftpy.TftpPacketTypes.TftpPacketOACK):
            told = str(packet.options.get("tsize", ""))
            size = int(told) if told.isascii() and told.isdecimal() else None
        if isinstance(packet, tftpy.TftpPacketTypes.TftpPacketERR):
            raise _refused(int(packet.errorcode), packet.errmsg)
        if time.monotonic() - began > PROBE_SECONDS.most:
            PROBE_SECONDS.reached()
            raise FetchError("silent", f"it has not come within {PROBE_SECONDS.most:g} s")
        if out.tell() >= PROBE_LOADER.whole:
            PROBE_LOADER.reached()
            _break_off(client.context)
            raise _EnoughError

    try:
        client.download(what.name, out, looks, timeout=_TIMEOUT, retries=_TRIES)
    except _EnoughError:
        size = size or out.tell() + 1
    except tftpy.TftpShared.TftpTimeout as exc:
        where = f"nobody answers on UDP port {port} of {what.server}"
        if out.tell():
            where = f"{what.server} falls silent after {out.tell():,} bytes"
        raise FetchError("silent", where) from exc
    except OSError as exc:
        raise FetchError("silent", f"{what.server}: {exc.strerror or exc}") from exc
    except _CONFUSED as exc:
        raise FetchError("refused", f"{what.server} does not keep to TFTP: {_short(exc)}") from exc
    except tftpy.TftpShared.TftpException as exc:
        raise FetchError("refused", f"{what.server} does not keep to TFTP: {_short(exc)}") from exc
    return Fetched(out.getvalue(), size, time.monotonic() - began)


_CONFUSED: Final = (ValueError, KeyError, IndexError, TypeError, AttributeError, struct.error)
"""What tftpy raises beside its own errors, where it is sent nonsense."""


def _short(exc: Exception) -> str:
    return readable(str(exc).encode())[:120] or type(exc).__name__


def _refused(code: int, message: Any) -> FetchError:
    said = readable(message if isinstance(message, bytes) else str(message).encode())[:200]
    if code == 1:
        return FetchError("missing", f"there is no such file ({said})" if said else "no such file")
    return FetchError("refused", f"refused with ERROR {code}: {said}")


def _break_off(context: Any) -> None:
    context.sock.sendto(error(_STOPPED, "enough"), (context.address, context.tidport))


async def by_http(
    what: ByHttp, own: Collection[IPv4Address], *, most: int, strict: bool = False
) -> Fetched:
    """Fetch a file by HTTP, or its beginning.

    Args:
        what: Its URL.
        own: This host's addresses that others reach, too. Whoever names a URL is anybody on the
            LAN: it may lead to what all of the LAN can have, and not to what is this host's alone.
        most: Bytes that are read; where it is one, no more is asked for.
        strict: As UEFI firmware does, which follows no redirect and needs to be told the length.

    Raises:
        FetchError: It cannot be fetched.
    """
    began = time.monotonic()
    data = bytearray()
    try:
        async with (
            asyncio.timeout(PROBE_SECONDS.most),
            Fetcher(headers={"User-Agent": "pyxie probe"}, whose="probe", redirects=3) as fetcher,
            fetcher.get(what.url, _reach(what.url, own), headers=_range(most)) as fetched,
        ):
            answer = fetched.answer
            if answer.status >= 300:
                code = "missing" if answer.status == _NOT_FOUND else "refused"
                raise FetchError(code, f"the answer is {phrase(answer.status)}")
            if strict and str(answer.url) != what.url:
                raise FetchError("refused", "it is a redirect, which UEFI firmware does not follow")
            size = _size(answer)
            if strict and size is None:
                raise FetchError("refused", "it has no Content-Length, which UEFI firmware needs")
            async for chunk in answer.content.iter_chunked(_CHUNK):
                data += chunk[: most - len(data)]
                if len(data) >= most:
                    break
    except TimeoutError as exc:
        PROBE_SECONDS.reached()
        raise FetchError("silent", f"it has not come within {PROBE_SECONDS.most:g} s") from exc
    except (OutOfReachError, RedirectError) as exc:
        raise FetchError("refused", f"it {exc}") from exc
    except aiohttp.ClientConnectorError as exc:
        number = exc.os_error.errno  # asyncio's own words for it are none for people
        why = os.strerror(number) if number else "it cannot be reached"
        raise FetchError("silent", f"{exc.host}, port {exc.port}: {why}") from exc
    except (aiohttp.ClientError, ValueError) as exc:
        raise FetchError("refused", _short(exc)) from exc
    if size is None and len(data) >= most:
        size = len(data) + 1
    return Fetched(bytes(data), size, time.monotonic() - began)


def _range(most: int) -> dict[str, str]:
    return {"Range": "bytes=0-0"} if most == 1 else {}


def _size(answer: aiohttp.ClientResponse) -> int | None:
    """Return how long the whole is, as the answer tells."""
    whole = answer.headers.get("Content-Range", "").rpartition("/")[2]
    if answer.status == _PARTIAL and whole.isascii() and whole.isdecimal():
        return int(whole)
    return answer.content_length


def _reach(url: str, own: Collection[IPv4Address]) -> Reach:
    host = URL(url).raw_host or ""
    return Reach.ANYWHERE if literal(host) in own else Reach.SITE
