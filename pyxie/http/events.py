"""The REST API of events: recent ones as a stream, past ones a page at a time."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, Field

from pyxie.bounds import HTTP_FOLLOWERS
from pyxie.config.validate import Model
from pyxie.config.values import mac as canonical
from pyxie.errors import BusyError
from pyxie.events.event import Event
from pyxie.events.kind import Step
from pyxie.http import answers
from pyxie.http.edge import admitted
from pyxie.http.parts import (
    ARCHIVE,
    MACHINES,
    TRACE,
)
from pyxie.http.query import Newest, Seconds, Text, query
from pyxie.http.routing import LINES, Routes

routes = Routes()

_HEARTBEAT = 15.0


class OfStream(Model):
    """Which events.

    Attributes:
        host: Only events of this machine.
        mac: Only events of the NIC with this MAC address.
        follow: Keep the connection open, and send new events as they happen.
        progress: With ``follow``, also the progress of long transfers, once a second.
    """

    host: Annotated[str, Field(max_length=253)] = ""
    mac: Annotated[str, AfterValidator(canonical)] | None = None
    follow: bool = False
    progress: bool = False


@routes.get("/api/v1/events", allow_head=False, query=OfStream, answer=LINES)
async def events(request: web.Request) -> web.StreamResponse:
    """Return recent events as JSON lines; with ``follow=1``, new ones too as they happen.

    The stream ends within 15 s where its token is revoked, or has expired.
    """
    trace = request.app[TRACE]
    of = query(request, OfStream)
    host, mac = of.host or None, of.mac
    if host is not None:
        host = request.app[MACHINES]().hostname_of(host)
    if of.follow and trace.followed >= HTTP_FOLLOWERS.whole:
        HTTP_FOLLOWERS.reached()
        raise BusyError("events", f"{HTTP_FOLLOWERS.whole} clients follow them already")
    loop = asyncio.get_running_loop()
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    with trace.follow(progress=of.progress) as queue:
        recent = trace.recent(host=host, mac=mac)
        await response.prepare(request)
        await response.write(b"".join(_line(event) for event in recent))
        looked = loop.time()
        while of.follow:
            if loop.time() - looked >= _HEARTBEAT:
                if admitted(request) is not None:
                    break  # the token was revoked, say
                looked = loop.time()
            try:
                async with asyncio.timeout(_HEARTBEAT):
                    event = await queue.get()
            except TimeoutError:
                await response.write(b"\n")  # or a client that left is never noticed
                continue
            if host in (None, event.host) and mac in (None, event.mac):
                await response.write(_line(event))
    await response.write_eof()
    return response


def _line(event: Event) -> bytes:
    return json.dumps(event.members()).encode() + b"\n"


class OfEvents(Newest):
    """Which events.

    Attributes:
        host: Only events of this machine.
        mac: Only events of the NIC with this MAC address.
        step: Only events of this step.
        since: Only events from this time on, in seconds since 1970.
        until: Only events up to this time, in seconds since 1970.
    """

    host: Text = ""
    mac: Annotated[str, AfterValidator(canonical)] | None = None
    step: Step | None = None
    since: Seconds | None = None
    until: Seconds | None = None


@routes.get("/api/v1/events/history", query=OfEvents, answer=answers.Events)
async def history(request: web.Request) -> web.Response:
    """List past events, newest first, including those from before a restart."""
    of = query(request, OfEvents)
    page = await request.app[ARCHIVE].page(
        host=request.app[MACHINES]().hostname_of(of.host) or None,
        mac=of.mac,
        step=of.step,
        since=of.since,
        until=of.until,
        before=of.before,
        limit=of.limit,
    )
    return web.json_response({"events": page, "next": of.following(page)})
