"""What is in memory when the workers' fork server is forked off, and what is not."""

from __future__ import annotations

import subprocess
import sys

import pytest

UNNEEDED = (
    *("aiohttp", "alembic", "asyncio", "cryptography", "prometheus_client", "rich", "ruamel"),
    *("scapy", "sqlalchemy", "ssl", "tftpy", "pyxie.client", "pyxie.composition", "pyxie.daemon"),
    *("pyxie.dhcp", "pyxie.diagnosis", "pyxie.doctor", "pyxie.http", "pyxie.importers"),
    *("pyxie.probing", "pyxie.service", "pyxie.store", "pyxie.threads"),
)
"""What a worker has no use for: the daemon's copies of it would be a second one."""


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
