"""What transfers go by, where they do not go by the event loop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyxie.tftp.carrying import carry
from pyxie.workers.forkserver import ForkServer


class Forks(ForkServer):
    """Starts processes for big transfers, and knows them."""

    def there(self) -> list[int]:
        """Return the numbers of those that have not ended."""
        server = self._pid
        found = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        return [int(each) for each in found]


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with Forks(carry) as running:
        yield running
