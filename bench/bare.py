"""An aiohttp server with one answer for everything: what pyxie's framework can do at most.

python -m bench.bare PORT FILE
"""

from __future__ import annotations

import sys
from pathlib import Path

from aiohttp import web


def main() -> None:
    port, file = int(sys.argv[1]), Path(sys.argv[2])
    text = file.read_text()

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=text)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    web.run_app(app, port=port, access_log=None, print=None)


if __name__ == "__main__":
    main()
