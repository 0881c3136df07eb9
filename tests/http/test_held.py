"""What hostile requests were tried, each in many spellings: none gets in, out, or through.

Routes are taken from the table of routes itself, so that a new one is tried as well.
"""

from __future__ import annotations

import itertools
import random
import re
from contextlib import suppress
from pathlib import Path

import pytest

from pyxie.access.scope import Scope
from pyxie.http.admission import Patience
from pyxie.http.routing import Operation
from pyxie.operations import operations
from tests.http.site import CONFIG, HOST, MAC, Served, serving

STRANGE = "b" * 32
FIELDS = {"host": HOST, "hostname": HOST, "mac": MAC, "token": STRANGE, "name": HOST}

DISGUISES: tuple[dict[str, str], ...] = (
    {},
    {"X_Forwarded_For": "127.0.0.1"},
    {"X_Real_IP": "127.0.0.1"},
    {"Forwarded": "for=127.0.0.1"},
    {"X_Forwarded_Host": "localhost"},
    {"X_Original_URL": "/health"},
    {"X_Rewrite_URL": "/health"},
    {"X_HTTP_Method_Override": "GET"},
    {"Authorization": "Bearer "},
    {"Authorization": f"Bearer {STRANGE}"},
    {"Authorization": "Basic Og=="},
    {"Authorization": "Digest username=x"},
    {"Cookie": f"token={STRANGE}"},
    {"Origin": "http://localhost:8090", "Host": "localhost"},
    {"Sec_Fetch_Site": "same-origin"},
    {"Via": "1.1 localhost"},
)
"""Headers by which somebody might be taken for somebody else."""


def path_of(operation: Operation) -> str:
    """Return a path that leads to an operation."""
    return re.sub(r"{(\w+)[^}]*}", lambda found: FIELDS.get(found[1], "x"), operation.path)


def respelt(path: str) -> list[str]:
    """Return other ways to write a path."""
    first, rest = path[1:2], path[2:]
    return [
        f"/{path}",
        f"/.{path}",
        f"/x/..{path}",
        f"/%{ord(first or '/'):02x}{rest}",
        f"{path}/",
        f"{path}%20",
        f"{path};x=1",
        f"{path}?token={STRANGE}",
        f"{path}#x",
        path.upper(),
        path.replace("/", "//"),
        path.replace("/", "%2f"),
        f"http://localhost{path}",
    ]


def closed(version: int) -> list[Operation]:
    """Return what is not for strangers; of version 3 what version 1 has not been tried with."""
    tried = set(operations(1)) if version == 3 else set()
    return [
        each for each in operations(version) if isinstance(each.scope, Scope) and each not in tried
    ]


class TestManagement:
    @pytest.mark.parametrize("version", [1, 3])
    async def test_is_closed_to_strangers_in_every_disguise(
        self, tmp_path: Path, version: int
    ) -> None:
        config = f"{CONFIG}waitron_api: {version}\n"
        assert len(closed(version)) > {1: 20, 3: 5}[version]
        async with serving(tmp_path, to_strangers=True, config=config) as served:
            for operation, headers in itertools.product(closed(version), DISGUISES):
                answer = await served.ask(operation.method, path_of(operation), b"{}", **headers)

                assert answer.status in {401, 403}, (operation.method, path_of(operation), headers)
            untouched(served)

    @pytest.mark.parametrize("version", [1, 3])
    async def test_is_closed_to_strangers_in_every_spelling(
        self, tmp_path: Path, version: int
    ) -> None:
        config = f"{CONFIG}waitron_api: {version}\n"
        lines = [
            f"{operation.method} {spelt}"
            for operation in closed(version)
            for spelt in respelt(path_of(operation))
        ]
        async with serving(tmp_path, to_strangers=True, config=config) as served:
            for line in lines:
                answer = await served.raw(
                    f"{line} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
                    "Connection: close\r\n\r\n".encode()
                )

                assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 400 ")), (line, answer)
            untouched(served)


def untouched(served: Served) -> None:
    assert served.parts.index.of(HOST) is None
    assert served.parts.machines().find(HOST) is not None
    assert len(served.parts.machines().machines) == 1


def hidden(body: bytes = b"") -> bytes:
    return b"PUT /build/%b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n%b" % (
        HOST.encode(),
        body,
    )


def ambiguous() -> list[bytes]:
    """Return requests whose end two readers may see at different places, with one hidden behind."""
    smuggled = hidden()
    length = b"%d" % len(smuggled)
    chunked = b"0\r\n\r\n"
    heads = [
        b"Content-Length: %b\r\nTransfer-Encoding: chunked" % length,
        b"Transfer-Encoding: chunked\r\nContent-Length: %b" % length,
        b"Content-Length: 0\r\nContent-Length: %b" % length,
        b"Content-Length: %b\r\nContent-Length: 0" % length,
        b"Content-Length: 0, %b" % length,
        b"Content-Length: +0",
        b"Content-Length: -0",
        b"Content-Length: 0x0",
        b"Content-Length: 0 0",
        b"Content-Length: 1_0",
        b"Content-Length: \xd9\xa0",
        b"Content-Length : 0",
        b"Content-Length:\r\n 0",
        b" Content-Length: 0",
        b"Content-Length: 0\r\n\tx",
        b"Transfer-Encoding: chunked, identity",
        b"Transfer-Encoding: identity, chunked\r\nContent-Length: 0",
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
        b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding : chunked",
        b"Transfer-Encoding:\x0bchunked",
        b"Transfer-Encoding: \x00chunked",
        b"Transfer-Encoding\x00: chunked",
        b"Transfer-Encoding: chunked\r\n chunked",
        b"X: y\nTransfer-Encoding: chunked",
        b"X: y\rTransfer-Encoding: chunked",
    ]
    made = [
        b"POST /answer HTTP/1.1\r\nHost: localhost\r\n%b\r\n\r\n%b%b" % (head, chunk, smuggled)
        for head in heads
        for chunk in (b"", chunked)
    ]
    sizes = (b"0x0", b"-0", b"+0", b" 0", b"0 ", b"0;\n", b"0\n", b"g")
    made += [
        b"POST /answer HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"%b\r\n\r\n%b" % (size, smuggled)
        for size in sizes
    ]
    return made


class TestSmuggling:
    async def test_what_is_hidden_in_a_body_is_no_request(self, tmp_path: Path) -> None:
        """RFC 9112 section 6.3: whose end is not sure is refused, and its connection closed."""
        async with serving(tmp_path) as served:
            for request in ambiguous():
                answer = await served.raw(request)

                assert answer.startswith(b"HTTP/1.0 400 Bad Request\r\n"), request
                assert answer.count(b"\r\nServer: ") == 1, request
            assert served.parts.index.of(HOST) is None


UP = (
    "..",
    "%2e%2e",
    ".%2e",
    "%252e%252e",
    "..%00",
    "..;",
    "..%20",
    "%c0%ae%c0%ae",
    "...",
    "%uff0e",
)
PARTED = ("/", "%2f", "//", "\\", "%5c", "%252f", "/./", "%c0%af")
TARGETS = ("secret", "config.yaml", "state/pyxie.sqlite", "templates/finish.j2")


def climbing() -> list[str]:
    """Return spellings of names that lead out of a folder."""
    found = [
        f"{before}{parted.join([up] * depth)}{parted}{target}"
        for up, parted in itertools.product(UP, PARTED)
        for depth, before, target in (
            (1, "", TARGETS[0]),
            (2, "sub/", TARGETS[0]),
            (1, "/", TARGETS[1]),
            (3, "sub/deeper/", TARGETS[2]),
            (1, "%2f", TARGETS[3]),
        )
    ]
    return [
        *found,
        "%2fetc/passwd",
        "//etc/passwd",
        "/etc/passwd",
        "file:///etc/passwd",
        "secret%00",
    ]


class TestTraversal:
    @pytest.mark.parametrize("root", ["files", "images", f"loader/{MAC}", f"boot/{HOST}/kernel"])
    async def test_no_spelling_leads_out(self, tmp_path: Path, root: str) -> None:
        (tmp_path / "secret").write_text(f"the {STRANGE}")
        for name in ("files", "images", "ipxe"):
            (tmp_path / name / "sub/deeper").mkdir(parents=True)
        async with serving(tmp_path) as served:
            for name in climbing():
                answer = await served.raw(
                    f"GET /{root}/{name} HTTP/1.1\r\nHost: localhost\r\n"
                    "Connection: close\r\n\r\n".encode()
                )

                assert re.match(rb"HTTP/1\.[01] (3|4)\d\d ", answer), (name, answer)
                assert STRANGE.encode() not in answer, name
                assert b"templatepath" not in answer, name


class TestAnyRequest:
    async def test_is_answered_or_dropped(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Mutated, cut and spliced."""
        rng = random.Random(11)
        whole = [
            f"GET /ipxe/{MAC} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n".encode(),
            b"POST /answer HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n{}{}",
            b"POST /answer HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            f"GET /done/{HOST}/{STRANGE} HTTP/1.0\r\n\r\n".encode(),
            b"GET /files/x HTTP/1.1\r\nHost: x\r\nRange: bytes=0-5\r\nConnection: close\r\n\r\n",
        ]
        async with serving(tmp_path, patience=Patience(first_request=0.05)) as served:
            for _ in range(150):
                data = bytearray(rng.choice(whole))
                for _ in range(rng.randrange(1, 5)):
                    data[rng.randrange(len(data))] = rng.randrange(256)
                if rng.random() < 0.3:
                    data = data[: rng.randrange(len(data))] + rng.choice(whole)
                answer = b""
                with suppress(ConnectionResetError):  # dropped before all of it was read
                    answer = await served.raw(bytes(data) + b"\r\n\r\nQUIT\r\n\r\n")

                assert re.match(rb"$|HTTP/1\.[01] [2-4]\d\d ", answer), data
            served.server._admission.patience = Patience()
            assert (await served.get("/health")).status == 200

        assert [each for each in caplog.records if each.exc_info] == []
