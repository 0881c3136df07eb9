"""Any bytes as a signed message, as keys, and as what the program says that checks them."""

from __future__ import annotations

from contextlib import suppress

from pyxie.verification.faults import ListError
from pyxie.verification.judging import Bad, Good, by_gpgv, by_sqv
from pyxie.verification.openpgp import keys, split
from tests.fuzz.target import Target, text

URL = "http://mirror.example/InRelease"


def take(data: bytes) -> None:
    with suppress(ListError):
        assert split(data, URL).signature.startswith(b"-----BEGIN PGP SIGNATURE-----\n")
    with suppress(ListError):
        keys(data, URL)
    for judge in (by_gpgv, by_sqv):
        for code in (0, 2):
            match judge(code, text(data)):
                case Good(keys=found):
                    assert 0 < len(found) <= 8
                case Bad(why=why):
                    assert why.isprintable()


TARGET = Target(
    take=take,
    longest=4 << 20,
    words=(
        *(b"-----BEGIN PGP SIGNED MESSAGE-----\n", b"Hash: SHA512\n", b"- ", b"\n\n", b"=abcd\n"),
        *(b"-----BEGIN PGP SIGNATURE-----\n", b"-----END PGP SIGNATURE-----\n", b"Version: x\n"),
        b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
        b"-----END PGP PUBLIC KEY BLOCK-----\n",
        *(b"[GNUPG:] VALIDSIG " + b"A" * 40, b"[GNUPG:] ERRSIG ", b"\r\n", b"QUJD"),
    ),
)
