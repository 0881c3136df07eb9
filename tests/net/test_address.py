"""An address as a socket tells it."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from pyxie.net.address import address


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::1", "::1"),
    ],
)
def test_is_what_the_client_would_call_it(text: str, meant: str) -> None:
    address.cache_clear()  # of what other tests have asked

    assert address(text) == ip_address(meant)
