"""Any bytes as a list of checksums: Debian's Release, and what sha256sum and others write."""

from __future__ import annotations

from contextlib import suppress

from pyxie.verification.digests import parse
from pyxie.verification.faults import ListError, SignatureError
from pyxie.verification.release import parse as parse_release
from tests.fuzz.target import Target

URL = "http://mirror.example/SHA256SUMS"


def take(data: bytes) -> None:
    with suppress(ListError, SignatureError):
        found = parse_release(data, URL, 0.0)
        assert all(len(each) == 64 for each in found.digests.values())
    with suppress(ListError):
        found = parse(data, URL)
        assert all(len(each) in (64, 128) for each in found.digests.values())
        assert all(found.of(name) for name in list(found.digests)[:3] if name not in found.twice)


DIGEST = b"0123456789abcdef" * 4

TARGET = Target(
    take=take,
    longest=4 << 20,
    refuses=(ListError, SignatureError),
    words=(
        *(DIGEST + b"  a\n", b"SHA256 (a) = " + DIGEST + b"\n", b" " + DIGEST + b" 1 a\n"),
        *(
            b"SHA256:\n",
            b"Valid-Until: Sat, 01 Jan 2000 00:00:00 UTC\n",
            b"sha256 = ",
            b"[checksums]\n",
        ),
        *(b"a = sha256:" + DIGEST + b"\n", b"\\", b"(", b") = ", b"*", DIGEST),
    ),
)
