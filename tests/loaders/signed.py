"""UEFI programs with signatures, made here: a header, `.sbat`, a certificate table."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

_HEADER_AT = 0x80
_OPTIONAL = 240


def program(
    *signatures: bytes, sbat: str = "", machine: int = 0x8664, content: bytes = b""
) -> bytes:
    """Return a PE32+ image with that text in its section `.sbat`, and those signatures."""
    text = sbat.encode()
    start = _HEADER_AT + 24 + _OPTIONAL + 40
    table = b"".join(map(_entry, signatures))
    coff = b"PE\0\0" + machine.to_bytes(2, "little") + (1).to_bytes(2, "little") + bytes(12)
    coff += _OPTIONAL.to_bytes(2, "little") + bytes(2)
    optional = bytearray(_OPTIONAL)
    optional[:2] = (0x20B).to_bytes(2, "little")
    where = start + len(text) + len(content)
    at = 112 + 4 * 8
    optional[at : at + 8] = where.to_bytes(4, "little") + len(table).to_bytes(4, "little")
    lengths = [len(text), 0, len(text), start]
    section = b".sbat\0\0\0" + b"".join(each.to_bytes(4, "little") for each in lengths) + bytes(16)
    stub = bytearray(_HEADER_AT)
    stub[:2], stub[0x3C:0x40] = b"MZ", _HEADER_AT.to_bytes(4, "little")
    return bytes(stub) + coff + bytes(optional) + section + text + content + table


def _entry(der: bytes) -> bytes:
    """Return an entry of the table, whose length signers round up with what they add."""
    padded = der + bytes(-len(der) % 8)
    length = (len(padded) + 8).to_bytes(4, "little")
    return length + (0x0200).to_bytes(2, "little") + (2).to_bytes(2, "little") + padded


@cache
def signature(*, enclosed: bool = True, by: str = "A Signer") -> bytes:
    """Return a PKCS#7 signature by "A Signer", whose CA, "A CA", ends in 2038."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = _certificate("A CA", "A CA", ca_key, ca_key)
    leaf = _certificate(by, "A CA", key, ca_key)
    builder = pkcs7.PKCS7SignatureBuilder().set_data(b"x").add_signer(leaf, key, hashes.SHA256())
    if enclosed:
        builder = builder.add_certificate(ca)
    return builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])


def _certificate(
    name: str, issuer: str, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    return (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2038, 6, 13, tzinfo=UTC))
        .sign(by, hashes.SHA256())
    )
