"""Interfaces come, go and change while pyxie runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from ipaddress import IPv4Interface

import pytest

from pyxie.net import watch as module
from pyxie.net.interfaces import Interface, Interfaces
from pyxie.net.watch import InterfaceWatch


class FakeKernel:
    """Tells what it is told to."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.broken = False
        self.asked = 0

    def read(self, names: Collection[str] | None) -> Interfaces:
        self.asked += 1
        if self.broken:
            raise OSError("no memory")
        eth0 = Interface("eth0", 2, tuple(map(IPv4Interface, self.addresses)))
        return Interfaces([eth0] if self.addresses else [], names)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - any condition
            await asyncio.sleep(0.001)


async def test_entering_reads_the_interfaces() -> None:
    kernel = FakeKernel("10.0.0.1/24")
    watch = InterfaceWatch(reader=kernel.read)
    assert watch.current == Interfaces([])

    async with watch:
        assert str(watch.current) == "eth0 10.0.0.1/24"
        await watch.drain()


async def test_without_netlink_it_looks_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_subscribe", lambda: None)
    kernel = FakeKernel("10.0.0.1/24")

    async with InterfaceWatch(poll=0.001, reader=kernel.read) as watch:
        task = asyncio.create_task(watch.serve())
        kernel.addresses = ("10.0.0.2/24",)
        await until(lambda: str(watch.current) == "eth0 10.0.0.2/24")
        task.cancel()


async def test_a_change_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "pyxie.net")
    kernel = FakeKernel("10.0.0.1/24")

    async with InterfaceWatch(reader=kernel.read) as watch:
        for addresses in (("10.0.0.1/24",), ("10.0.0.2/24",), ("10.0.0.2/24",), ()):
            kernel.addresses = addresses
            watch.refresh()

    assert caplog.messages == [
        "serving eth0 10.0.0.1/24",
        "the interfaces changed; serving eth0 10.0.0.2/24",
        "the interfaces changed; serving none",
    ]


async def test_a_configured_interface_that_is_missing_is_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "pyxie.net")
    kernel = FakeKernel("10.0.0.1/24")

    async with InterfaceWatch(lambda: ["eth0", "eth9"], reader=kernel.read) as watch:
        kernel.addresses = ("10.0.0.2/24",)
        watch.refresh()
        kernel.addresses = ()
        watch.refresh()

    assert caplog.messages == [
        "interface eth9 of the configuration is not there (yet)",
        "interface eth0 of the configuration is not there (yet)",
    ]


async def test_what_is_known_is_kept_where_the_kernel_does_not_tell(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kernel = FakeKernel("10.0.0.1/24")

    async with InterfaceWatch(reader=kernel.read) as watch:
        kernel.broken = True
        watch.refresh()

        assert str(watch.current) == "eth0 10.0.0.1/24"
    assert caplog.messages == ["the interfaces cannot be read, keeping what is known: no memory"]
