"""A machine that comes over the network is given the script that was made when its build began."""

from __future__ import annotations

import http.client
import re
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.interop.netns import Net, need, network
from tests.lab.besieged import PORT, SERVER, Besieged, lay, mac_of
from tests.support import until

pytestmark = pytest.mark.interop

_RENDERED = re.compile(rb'^pyxie_render_seconds_count\{lane="boot"\} ([0-9.]+)$', re.MULTILINE)


@pytest.fixture
def net() -> Iterator[Net]:
    need("ip")
    with network() as made:
        yield made


def test_a_script_is_rendered_once_before_its_machine_asks(net: Net, tmp_path: Path) -> None:
    server, client = net.host("srv"), net.host("cli")
    net.lan(a=(server, "eth0", f"{SERVER}/16"), b=(client, "eth0", "10.99.0.2/16"))
    lay(tmp_path, range(1), "kernel: linux\nimage_url: http://10.99.0.3/\n")
    site = Besieged(tmp_path, server, client, client)
    site.start()

    def rendered() -> float:
        found = _RENDERED.search(site.ask("GET", "/metrics")[1])
        return float(found[1]) if found else 0

    try:
        site.build(1)
        until(lambda: rendered() == 1, "the script to be made")
        sock = client.inside(lambda: socket.create_connection((SERVER, PORT), 10))
        with closing(http.client.HTTPConnection(SERVER, PORT)) as line:
            line.sock = sock
            line.request("GET", f"/ipxe/{mac_of(0).replace(':', '-')}")
            script = line.getresponse().read().decode()

        assert f"http://{SERVER}:{PORT}/boot/" in script
        assert rendered() == 1
    finally:
        assert site.process is not None
        site.process.terminate()
        site.process.wait(20)
