"""Who signed a program, by its signatures (Microsoft's "Authenticode"). Pure.

Nothing is verified here: the firmware does that, by keys that pyxie does not know. What is read
tells an administrator which keys it would have to have.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, Name


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed it.

    Attributes:
        name: In the signer's certificate.
        ca: Whose key the firmware, or shim, has to have.
        expires: When that CA's certificate ends; None where it is not enclosed. Firmware does
            not look at dates, but newer machines may have the CA's next certificate alone.
    """

    name: str
    ca: str
    expires: date | None


def signers(signatures: Iterable[bytes]) -> tuple[Signer, ...]:
    """Return who made each signature; one that cannot be read is left out."""
    return tuple(filter(None, map(_signer, signatures)))


def _signer(der: bytes) -> Signer | None:
    # Imported where signers are asked for: 20 MB, and a quarter of a second.
    from cryptography.hazmat.primitives.serialization import pkcs7

    try:
        enclosed = pkcs7.load_der_pkcs7_certificates(der)
        # Nobody else's: a key of one's own signs its certificate itself.
        leaf = next(each for each in enclosed if not any(_made(each, one) for one in enclosed))
        ca = next((each for each in enclosed if each.subject == leaf.issuer), None)
        return Signer(_common(leaf.subject), _common(leaf.issuer), _end(ca))
    except Exception:  # noqa: BLE001  (whatever a library says of bytes that are no signature)
        return None


def _made(ca: Certificate, other: Certificate) -> bool:
    return ca is not other and ca.subject == other.issuer


def _common(name: Name) -> str:
    from cryptography.x509.oid import NameOID

    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value)[:120] if found else name.rfc4514_string()[:120]


def _end(certificate: Certificate | None) -> date | None:
    return certificate.not_valid_after_utc.date() if certificate else None
