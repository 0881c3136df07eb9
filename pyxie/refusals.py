"""What a command meets that calls a daemon: a no, or nobody."""

from __future__ import annotations

from pyxie.errors import PyxieError


class RefusedError(PyxieError):
    """The daemon answered, but not with what was asked for.

    Attributes:
        status: HTTP's.
        detail: The daemon's own words.
        problems: What is wrong with what was sent, a sentence each.
        code: ``already`` if what was asked for is so already; else None.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        problems: tuple[str, ...] = (),
        code: str | None = None,
    ) -> None:
        super().__init__(status, detail)
        self.code = code
        self.status = status
        self.detail = detail
        self.problems = problems

    def __str__(self) -> str:
        return self.detail


class UnreachableError(PyxieError):
    """No daemon answers there."""
