"""Any headers of a request: who may manage, which session, which part, where a browser was."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from multidict import CIMultiDict

from pyxie.config.settings import Api
from pyxie.http.cookies import secret_of, set_cookie
from pyxie.http.gate import Gate
from pyxie.http.page.ownpath import own_path, path_at
from pyxie.http.page.serverevents import place
from pyxie.images.fitting import Asked
from pyxie.outbound.mark import CircleError, is_fetch, onward
from tests.fuzz.target import Feed, Target

NAMES = (
    *("Authorization", "Host", "Origin", "Cookie", "Via", "Range", "Sec-Fetch-Site", "Referer"),
    *(
        "X-Forwarded-For",
        "Forwarded",
        "If-None-Match",
        "If-Range",
        "Last-Event-ID",
        "Content-Range",
    ),
)
GATE = Gate(
    Api(allow=[IPv4Network("192.0.2.0/28")], tokens=["0123456789abcdef"]),
    lambda address: address == IPv4Address("192.0.2.1"),
)
OURS = IPv4Address("192.0.2.1")


def take(data: bytes) -> None:
    feed = Feed(data)
    headers = CIMultiDict[str]()
    while feed:
        name = NAMES[feed.number(len(NAMES))]
        value = feed.take(feed.number(65_536)).decode("latin-1")
        headers.add(name, value)
    for peer in (OURS, IPv4Address("192.0.2.2"), IPv4Address("198.51.100.9")):
        verdict = GATE.judge(peer, OURS, headers)
        if peer == IPv4Address("198.51.100.9"):
            assert verdict.refusal or b"0123456789abcdef" in data or b"Basic" in data
    GATE.page(OURS, headers)
    secret_of(headers)
    set_cookie(headers, "x")
    is_fetch(headers)
    asked = Asked.by(headers)
    asked.misfit(206, headers)
    host, referer = headers.get("Host", ""), headers.get("Referer", "")
    for path in (own_path(referer), path_at(host, referer)):
        assert path is None or (path.startswith("/") and not path.startswith(("//", "/\\")))
    place(headers.get("Last-Event-ID", ""))
    onward(headers)


TARGET = Target(
    take=take,
    longest=16_384,
    refuses=(CircleError,),
    words=(
        *(
            b"\x00\x10\0Bearer ",
            b"\x00\x10\0Basic ",
            b"\x05\x40\0bytes=0-",
            b"\x04\x40\x001.1 pyxie",
        ),
        *(b"pyxie_session=", b"; ", b", ", b"http://", b"[::1]:80", b"/page/", b"%2f", b" pyxie"),
        *(b"\x04\x3f\xf0", b"\x05\x3f\xf0", b"\x03\x3f\xf0", b"\x0a\x3f\xf0", b"\x07\x3f\xf0"),
    ),
)
