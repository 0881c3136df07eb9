"""A connection is stopped only while it is the answer's own."""

from __future__ import annotations

import aiohttp

from pyxie.outbound.inflow import Inflow, read_at_once
from tests.http.upstream import mirror


class TestInflow:
    async def test_stops_and_goes_on(self) -> None:
        whole = bytes(4 << 20)
        async with (
            mirror({"linux": whole}) as there,
            aiohttp.ClientSession() as session,
            session.get(f"{there.url}/linux") as answer,
        ):
            assert answer.connection is not None
            inflow, transport = Inflow(answer), answer.connection.transport
            assert transport is not None

            inflow.at_once(1000)
            inflow.stop()
            stopped = transport.is_reading()
            inflow.go()

            assert (stopped, transport.is_reading()) == (False, True)
            assert vars(transport)["max_size"] == 1000
            assert await answer.read() == whole

    async def test_lets_a_connection_alone_that_is_back_in_the_pool(self) -> None:
        async with mirror({"linux": b"whole"}) as there, aiohttp.ClientSession() as session:
            async with session.get(f"{there.url}/linux") as answer:
                connection = answer.connection
                transport = connection.transport if connection is not None else None
                await answer.read()
                inflow = Inflow(answer)

                inflow.at_once(1)
                inflow.stop()

                assert transport is None or transport.is_reading()
            async with session.get(f"{there.url}/linux") as again:
                assert await again.read() == b"whole"

    def test_of_tls_there_is_no_size_to_set(self) -> None:
        read_at_once(object(), 1000)
