"""Junk on every port, and what an administrator and a network do at the wrong moment, all at once.

After each the daemon is the same process, has met no bug, and boots machines.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import time
from collections.abc import Iterator

import pytest

from tests.fuzz.seeds import seeds
from tests.interop.netns import need
from tests.lab.besieged import PORT, SERVER, Besieged, besieged, mac_of
from tests.lab.flood import pxe
from tests.support import until

MACHINES = 20
SEED = int(os.environ.get("SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)
"""Of all junk here; it is printed, and ``SEED=… make attacks TESTS=tests/attacks`` has it again."""
PATHS = (
    f"ipxe/{mac_of(1)}",
    f"ipxe/{mac_of(1)}?asked&uuid=30313233-3435-3637-3839-616263646566&serial=x",
    f"discovered/{mac_of(99)}?manufacturer=x",
    f"v1/boot/{mac_of(1)}",
    "boot/web0001.example.org/kernel/linux",
    "api/v1/events?limit=5",
    "page/now",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Besieged]:
    need("ip")
    folder = tmp_path_factory.mktemp("moments")
    with besieged(folder, MACHINES, "unknown: discover\n") as site:
        yield site


def boots(site: Besieged) -> bool:
    """Whether a machine is offered its boot, and gets its script."""
    offers = site.offers(MACHINES, 10, 0.5)
    status, script = site.ask("GET", f"/ipxe/{mac_of(0).replace(':', '-')}")
    return bool(offers.took) and status == 200 and b"kernel" in script


def is_sound(site: Besieged) -> None:
    until(lambda: boots(site), "a machine to be booted", seconds=15)
    assert site.process is not None
    assert site.process.poll() is None
    log = site.log.read_text()
    assert "Traceback" not in log
    assert ": a bug, met " not in log


def mutated(rng: random.Random, whole: bytes) -> bytes:
    data = bytearray(whole)
    for _ in range(rng.randrange(1, 9)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data[: rng.choice([len(data), rng.randrange(len(data))])])


def test_junk_on_every_port_harms_nobody(site: Besieged) -> None:
    print(f"SEED={SEED}")
    rng = random.Random(SEED)
    discover = bytearray(pxe())
    udp = site.client.socket(socket.SOCK_DGRAM)
    udp.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    for number in range(24_000):
        discover[28:34] = bytes.fromhex(mac_of(number % MACHINES).replace(":", ""))
        port = (67, 4011, 69, 67)[number % 4]
        datagram = mutated(
            rng, bytes(discover) if port != 69 else b"\0\1ipxe.efi\0octet\0blksize\x009"
        )
        if number % 5 == 0:
            datagram = rng.randbytes(rng.randrange(1200))
        udp.sendto(datagram, (SERVER, port))
    for name, port in (("dhcp_message", 67), ("dhcp_message", 4011), ("tftp_packet", 69)):
        for datagram in seeds(name).values():
            for _ in range(40):
                udp.sendto(mutated(rng, datagram[:1400]), (SERVER, port))
            udp.sendto(datagram, (SERVER, port))
    requests = [
        *(f"GET /{path} HTTP/1.1\r\nHost: {SERVER}\r\n\r\n".encode() for path in PATHS),
        *(
            f"POST /api/v1/builds HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
            for body in seeds("http_body").values()
        ),
    ]
    for number in range(600):
        with site.client.socket(socket.SOCK_STREAM) as tcp:
            tcp.settimeout(5)
            tcp.connect((SERVER, PORT))
            with contextlib.suppress(ConnectionError):  # it is not read to its end
                tcp.sendall(mutated(rng, requests[number % len(requests)]))

    is_sound(site)


def test_junk_on_the_ports_of_transfers_harms_nobody(site: Besieged) -> None:
    print(f"SEED={SEED}")
    rng = random.Random(SEED)
    asked = b"\0\1ipxe.efi\0octet\0blksize\x001400\0windowsize\x0016\0"
    likely = (
        *(b"\0\4\0\0", b"\0\4\0\1", b"\0\4\xff\xff", b"\0\5\0\0x\0", asked),
        *(b"\0\3\0\1junk", b"\0\6blksize\x008\0"),
        *seeds("tftp_packet").values(),
    )
    with contextlib.ExitStack() as stack:
        stranger = stack.enter_context(site.client.socket(socket.SOCK_DGRAM))
        for _ in range(60):
            machine = stack.enter_context(site.client.socket(socket.SOCK_DGRAM))
            machine.settimeout(5)
            machine.sendto(asked, (SERVER, 69))
            _, port = machine.recvfrom(2000)
            for number in range(200):
                datagram = rng.choice(likely)[:1400]
                if number % 3:
                    datagram = mutated(rng, datagram)
                elif number % 7 == 0:
                    datagram = rng.randbytes(rng.randrange(600))
                (stranger if number % 4 == 0 else machine).sendto(datagram, port)

    is_sound(site)
    with site.client.socket(socket.SOCK_DGRAM) as machine:
        machine.settimeout(5)
        machine.sendto(b"\0\1ipxe.efi\0octet\0", (SERVER, 69))
        assert machine.recv(2000) == b"\0\3\0\1" + bytes(512)


def test_interfaces_that_come_and_go_end_nothing(site: Besieged) -> None:
    for number in range(60):
        site.server.ip(f"link set eth0 {'down' if number % 2 == 0 else 'up'}")
        if number % 3 == 0:
            site.server.ip("addr flush dev eth0")
        else:
            site.server.ip(f"addr replace {SERVER}/16 brd + dev eth0")
        site.server.ip(f"link add br{number} type bridge")
        site.server.ip(f"link del br{number}")
    site.server.ip("link set eth0 up")
    site.server.ip(f"addr replace {SERVER}/16 brd + dev eth0")

    is_sound(site)


def test_a_storm_of_hangups_ends_no_request(site: Besieged) -> None:
    assert site.process is not None
    with site.fetching() as fetched:
        for _ in range(1000):
            site.process.send_signal(signal.SIGHUP)
            time.sleep(0.002)

    assert fetched.failed == 0
    assert fetched.took
    is_sound(site)


def test_broken_files_take_out_themselves_alone(site: Besieged) -> None:
    print(f"SEED={SEED}")
    rng = random.Random(SEED)
    machines = site.folder / "machines"
    whole = next(machines.glob("*.yaml")).read_bytes()
    for round_ in range(5):
        for number in range(60):
            (machines / f"bad{number}.yaml").write_bytes(mutated(rng, whole))
        if round_ == 4:
            is_sound(site)
    for number in range(60):
        (machines / f"bad{number}.yaml").unlink()

    is_sound(site)
    until(lambda: b'"problems": []' in site.ask("GET", "/health")[1], "no problem", seconds=15)
