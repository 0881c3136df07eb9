"""What clients of the field have sent, to the byte, and the bytes that they are answered with.

A file of ``recorded`` has a datagram's payload in hexadecimal, ``00*9`` for nine zeros, under what
sent it and where that is from. These are machines that no test can boot.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from scapy.layers.dhcp import BOOTP, DHCP

from pyxie.architectures import RASPBERRY
from pyxie.dhcp.decide import Answer, Port, decide
from pyxie.dhcp.message import DhcpMessage, build, parse
from tests.dhcp.packets import BOOT, LOADERS

HERE = Path(__file__).parent / "recorded"
BOOTS = replace(BOOT, loaders={**LOADERS, 0x1B: "ipxe-riscv64.efi", RASPBERRY: "start4.elf"})


def recorded(name: str) -> bytes:
    """Return the payload of a datagram."""
    lines = (HERE / f"{name}.txt").read_text().splitlines()
    words = " ".join(line for line in lines if not line.startswith("#")).split()
    parts = (word.partition("*") for word in words)
    return b"".join(bytes.fromhex(byte) * int(times or 1) for byte, _, times in parts)


def answered(request: bytes, port: Port = 67) -> BOOTP:
    """Return our answer, from bytes to bytes, as scapy reads it."""
    outcome = decide(parse(request), port, BOOTS)
    assert isinstance(outcome, Answer), outcome
    return BOOTP(build(outcome.message))


def options(answer: BOOTP) -> dict[str | int, object]:
    return {each[0]: each[1] for each in answer[DHCP].options if isinstance(each, tuple)}


def told(answer: BOOTP) -> tuple[str, str, object, object]:
    """Return what each client goes by: next server, file, and options 60 and 43."""
    file = answer.file.rstrip(b"\0").decode()
    has = options(answer)
    return answer.siaddr, file, has.get("vendor_class_id"), has.get("vendor_specific")


@pytest.mark.parametrize(
    ("name", "file", "vendor_options"),
    [
        ("bios-rom", "d0-50-99-4e-05-57/undionly.kpxe", b"\x06\x01\x08\xff"),
        ("uefi-ia32", "52-54-00-77-00-02/ipxe-i386.efi", None),
        ("uefi-riscv64", "52-52-52-52-52-52/ipxe-riscv64.efi", None),
        (
            "raspberry-pi-4",
            "dc-a6-32-c2-1f-fe/start4.elf",
            b"\x06\x01\x08\x09\x14\x00\x00\x11Raspberry Pi Boot\x0a\x04\x00PXE\xff",
        ),
    ],
)
@pytest.mark.parametrize("port", [67, 4011])
def test_a_machine_is_answered_by_what_it_goes_by(
    name: str, file: str, vendor_options: bytes | None, port: Port
) -> None:
    request = recorded(name)

    answer = answered(request, port)

    assert told(answer) == ("192.168.7.1", file, b"PXEClient", vendor_options)
    sent = BOOTP(request)
    assert (answer.xid, answer.chaddr) == (sent.xid, sent.chaddr)
    assert options(answer)["message-type"] == (2 if port == 67 else 5)
    assert len(answer) >= 300


@pytest.mark.parametrize("name", sorted(each.stem for each in HERE.glob("*.txt")))
def test_each_is_read_and_written_the_same(name: str) -> None:
    message = parse(recorded(name))

    assert parse(build(message)) == message
    assert isinstance(message, DhcpMessage)
