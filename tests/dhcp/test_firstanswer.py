"""After it nothing has to be compiled for the first answer."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import pytest

from pyxie.dhcp.firstanswer import rehearse
from tests.dhcp.sockets import FakeSocket

LATE = """
import asyncio, dataclasses, json
from pyxie import latemethods

compiled = []
at_once = dataclasses._create_fn

def create(name, *source, **more):
    compiled.append((more["globals"]["__name__"], name))
    return at_once(name, *source, **more)

dataclasses._create_fn = latemethods.late(create)

from tests.dhcp.packets import discover
from tests.dhcp.test_prompt import asking, serving

async def main():
    async with serving() as site:
        site.begin(0)
        compiled.clear()
        await site.hear(asking(discover(7), 0, 1))
        return len(site.dhcp.sent), [each for each in compiled if each[0].startswith("pyxie")]

print(json.dumps(asyncio.run(main())))
"""


def test_it_comes_to_an_offer() -> None:
    told = rehearse(FakeSocket(67))

    assert told is not None
    assert told.said.what == "ipxe.efi"


@pytest.mark.skipif(not hasattr(dataclasses, "_create_fn"), reason="this Python compiles otherwise")
def test_nothing_is_left_to_be_compiled_for_the_first_answer() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LATE], capture_output=True, text=True, timeout=60, check=True
    )

    assert json.loads(done.stdout) == [1, []]
