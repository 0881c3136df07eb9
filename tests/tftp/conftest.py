"""What transfers go by, where they do not go by the event loop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pyxie.tftp.carrying import carry
from pyxie.workers.forkserver import ForkServer
from tests.procfs import children


class Forks(ForkServer):
    """Starts processes for big transfers, and knows them."""

    def there(self) -> list[int]:
        """Return the numbers of those that have not ended."""
        return children(self._pid)


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with Forks(carry) as running:
        yield running
