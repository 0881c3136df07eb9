"""Which certificates are believed, and that they are read when the first is looked at."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from pyxie.errors import BusyError, StartError
from pyxie.outbound.certificates import Certificates, _of_host, none_read, of_host
from pyxie.outbound.fetcher import Fetcher
from pyxie.outbound.reach import Reach
from pyxie.threads import Pool
from tests.outbound.test_daemon import CA, certify, tls_server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    certify(tmp_path)
    return tmp_path


@pytest.fixture
def known(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The host believes that one alone."""
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / CA))
    monkeypatch.setenv("SSL_CERT_DIR", str(folder / "none"))
    _of_host.cache_clear()
    yield folder
    _of_host.cache_clear()


async def fetched(port: int, ca: Path | None = None) -> bytes:
    async with (
        Fetcher(ca=ca) as fetcher,
        fetcher.get(f"https://localhost:{port}/x", Reach.ANYWHERE) as got,
    ):
        return await got.answer.read()


class TestBelieved:
    async def test_are_the_hosts(self, known: Path) -> None:
        assert len((await Certificates().read()).get_ca_certs()) == 1

    async def test_and_those_of_a_file(self, folder: Path) -> None:
        hosts = len(ssl.create_default_context().get_ca_certs())

        assert len((await Certificates(folder / CA).read()).get_ca_certs()) == hosts + 1

    async def test_are_read_once_for_all(self, known: Path) -> None:
        parts = Certificates(), Certificates()

        read = await asyncio.gather(*(each.read() for each in parts * 3))

        assert all(each is of_host() for each in read)

    async def test_are_not_read_before_they_are_needed(
        self, known: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with Fetcher(), Fetcher():
            pass

        assert _of_host.cache_info().currsize == 0

    async def test_nobody_else_is(self, folder: Path) -> None:
        async with tls_server(folder, b"initrd") as port:
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await fetched(port)

    async def test_a_file_without_any_refuses_the_start(self, folder: Path) -> None:
        (folder / "empty.pem").touch()

        with pytest.raises(StartError, match="empty"):
            async with Fetcher(ca=folder / "empty.pem"):
                pass

    async def test_a_host_without_a_thread_for_them_is_told_as_a_server_out_of_reach(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def busy(_pool: Pool, _work: object) -> None:
            raise BusyError("certificates", "no thread for it")

        monkeypatch.setattr(Pool, "run", busy)

        with pytest.raises(aiohttp.ClientOSError, match="no thread for it"):
            await fetched(1)


def test_contexts_believe_nobody_while_none_are_read(known: Path) -> None:
    with none_read():
        meanwhile = ssl.create_default_context()
        plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        plain.set_default_verify_paths()

    assert (meanwhile.get_ca_certs(), plain.get_ca_certs()) == ([], [])
    assert meanwhile.verify_mode is ssl.CERT_REQUIRED
    assert len(ssl.create_default_context().get_ca_certs()) == 1
