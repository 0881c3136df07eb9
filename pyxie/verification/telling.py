"""What is told of a machine that was not given a file, for it is not known to be right."""

from __future__ import annotations

from pyxie.events.kind import Kind
from pyxie.events.kinds import ImageFailed, ImageMismatch
from pyxie.verification.faults import MismatchError, VerificationError


def told(exc: VerificationError, part: str, source: str) -> Kind:
    """Return the event of it.

    Args:
        exc: What is wrong.
        part: As events name the file.
        source: Where it is, as it may be shown.
    """
    if isinstance(exc, MismatchError):
        return ImageMismatch(
            part=part,
            source=exc.what,
            wanted=exc.wanted,
            found=exc.found,
            by=exc.by,
            also=exc.also,
        )
    return ImageFailed(part=part, source=source, why=f"cannot be verified: {exc}")
