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
_ANSWER: Final = 15.0
"""Seconds until a web server has to answer; a script may have to be asked for elsewhere."""
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


class _Download:
    """One transfer, of which each packet is looked at: how long the file is, whether to go on."""

    def __init__(self, what: ByTftp, port: int) -> None:
        import tftpy

        logging.getLogger("tftpy").setLevel(logging.CRITICAL)
        options = {"tsize": 0, "blksize": _BLOCK}
        self._what, self._port, self._out = what, port, io.BytesIO()
        self._client: Any = tftpy.TftpClient(what.server, port, options, flock=False)
        self._size: int | None = None
        self._began = time.monotonic()
        self._answered = False

    def run(self) -> Fetched:
        """Fetch the file; raises FetchError."""
        from tftpy.TftpShared import TftpException, TftpTimeout

        server, out = self._what.server, self._out
        try:
            self._client.download(self._what.name, out, self._looks, _TIMEOUT, _TRIES)
        except _EnoughError:
            self._size = self._size or out.tell() + 1
        except TftpTimeout as exc:
            where = f"nobody answers on UDP port {self._port} of {server}"
            if out.tell():
                where = f"{server} falls silent after {out.tell():,} bytes"
            raise FetchError("silent", where) from exc
        except OSError as exc:
            raise FetchError("silent", f"{server}: {exc.strerror or exc}") from exc
        except (TftpException, *_CONFUSED) as exc:
            raise FetchError("refused", f"{server} does not keep to TFTP: {_short(exc)}") from exc
        return Fetched(out.getvalue(), self._size, time.monotonic() - self._began)

    def _looks(self, packet: Any) -> None:
        from tftpy.TftpPacketTypes import TftpPacketERR, TftpPacketOACK

        if isinstance(packet, TftpPacketOACK):
            if self._answered:
                why = f"{self._what.server} hears nothing of what it is answered"
                raise FetchError("silent", why)
            self._answered = True
            told = str(packet.options.get("tsize", ""))
            self._size = int(told) if told.isascii() and told.isdecimal() else None
        if isinstance(packet, TftpPacketERR):
            raise _refused(int(packet.errorcode), packet.errmsg)
        if time.monotonic() - self._began > PROBE_SECONDS.most:
            PROBE_SECONDS.reached()
            raise FetchError("silent", f"it has not come within {PROBE_SECONDS.most:g} s")
        if self._out.tell() >= PROBE_LOADER.whole:
            PROBE_LOADER.reached()
            _break_off(self._client.context)
            raise _EnoughError


def _by_tftp(what: ByTftp, port: int) -> Fetched:
    return _Download(what, port).run()


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
    try:
        async with (
            asyncio.timeout(_ANSWER) as patience,
            Fetcher(headers={"User-Agent": "pyxie probe"}, whose="probe", redirects=3) as fetcher,
            fetcher.get(what.url, _reach(what.url, own), headers=_range(most)) as fetched,
        ):
            patience.reschedule(asyncio.get_running_loop().time() + PROBE_SECONDS.most)
            data, size = await _body(fetched.answer, what.url if strict else None, most)
    except aiohttp.ConnectionTimeoutError as exc:
        raise FetchError("silent", f"nothing answers on TCP port {what.port}") from exc
    except TimeoutError as exc:
        PROBE_SECONDS.reached()
        took = round(time.monotonic() - began, 1)
        raise FetchError("silent", f"it has not come within {took:g} s") from exc
    except (OutOfReachError, RedirectError) as exc:
        raise FetchError("refused", f"it {exc}") from exc
    except aiohttp.ClientConnectorError as exc:
        number = exc.os_error.errno  # asyncio's own words for it are none for people
        why = os.strerror(number) if number else "it cannot be reached"
        raise FetchError("silent", f"{exc.host}, port {exc.port}: {why}") from exc
    except (aiohttp.ClientError, ValueError) as exc:
        raise FetchError("refused", _short(exc)) from exc
    return Fetched(data, size, time.monotonic() - began)


async def _body(
    answer: aiohttp.ClientResponse, strictly: str | None, most: int
) -> tuple[bytes, int | None]:
    """Return the file, or its beginning, and its size.

    Args:
        answer: Its head is here.
        strictly: The URL that it has to come from, where redirects are not followed.
        most: Bytes that are read.

    Raises:
        FetchError: It is no file, or none for such firmware.
    """
    if answer.status >= 300:
        code = "missing" if answer.status == _NOT_FOUND else "refused"
        raise FetchError(code, f"the answer is {phrase(answer.status)}")
    size = _size(answer)
    if strictly is not None and str(answer.url) != strictly:
        raise FetchError("refused", "it is a redirect, which UEFI firmware does not follow")
    if strictly is not None and size is None:
        raise FetchError("refused", "it has no Content-Length, which UEFI firmware needs")
    data = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK):
        data += chunk[: most - len(data)]
        if len(data) >= most:
            return bytes(data), len(data) + 1 if size is None else size
    return bytes(data), size


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
