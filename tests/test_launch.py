"""What is in memory, of the daemon and when its workers' fork server is forked off; what is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.daemon import Home
from tests.procfs import memory_of

UNNEEDED = (
    *("aiohttp", "alembic", "asyncio", "cryptography", "prometheus_client", "rich", "ruamel"),
    *("scapy", "sqlalchemy", "ssl", "tftpy", "pyxie.client", "pyxie.composition", "pyxie.daemon"),
    *("pyxie.dhcp", "pyxie.diagnosis", "pyxie.doctor", "pyxie.http", "pyxie.importers"),
    *("pyxie.probing", "pyxie.service", "pyxie.store", "pyxie.threads"),
)
"""What a worker has no use for: the daemon's copies of it would be a second one."""

LATER: tuple[str, ...] = (
    *("alembic", "asyncpg", "cryptography", "mako", "pygments", "rich", "scapy"),
    *("sqlalchemy.orm", "tftpy", "pyxie.checking", "pyxie.client", "pyxie.doctor"),
    "pyxie.importers",
)
"""What the daemon is not to load before it is asked for, if ever."""
_MOST = 130 << 20
"""Bytes of all processes without a machine, shared pages counted once: 90 MB, and some to spare."""


class TestTheDaemon:
    def test_loads_nothing_that_it_may_never_need(self) -> None:
        code = "import sys, pyxie.commands.serve, pyxie.daemon; print(*sys.modules)"

        loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()

        assert set(LATER) & set(loaded) == set()

    def test_takes_a_bounded_amount_of_memory(self, tmp_path: Path) -> None:
        with Home(tmp_path).running() as process:
            assert memory_of(process.pid) < _MOST


class TestTheForkServer:
    @pytest.mark.parametrize("name", UNNEEDED)
    def test_is_forked_before_what_workers_do_not_need(
        self, loaded: frozenset[str], name: str
    ) -> None:
        assert name not in loaded

    @pytest.mark.parametrize("name", ["jinja2", "pycdlib", "pydantic", "pyxie.workers.worker"])
    def test_is_forked_after_what_they_do(self, loaded: frozenset[str], name: str) -> None:
        assert name in loaded


@pytest.fixture(scope="module")
def loaded() -> frozenset[str]:
    code = "import sys, pyxie.cli; pyxie.cli.commands.commands['serve']; print(*sys.modules)"
    return frozenset(subprocess.check_output([sys.executable, "-c", code], text=True).split())
