"""What clients are told who do not get what they ask for, by what kept it from them."""

from __future__ import annotations

import logging
from collections.abc import Callable

from pyxie.confined import OutsideError
from pyxie.errors import BusyError, NotServedError
from pyxie.openfile import EXHAUSTED
from pyxie.tftp.accounting import Accounting
from pyxie.tftp.opening import Asked
from pyxie.tftp.packet import ErrorCode, error
from pyxie.tftp.report import one_line
from pyxie.tftp.source import ProbeError

log = logging.getLogger(__name__)


class Denials:
    """Answers with an error, and has that told.

    Args:
        accounting: Tells and counts it.
        reply: Sends a datagram to who asked.
        clock: Seconds, steady.
    """

    def __init__(
        self,
        accounting: Accounting,
        reply: Callable[[Asked, bytes], None],
        clock: Callable[[], float],
    ) -> None:
        self._accounting = accounting
        self._reply = reply
        self._clock = clock

    def refuse(self, asked: Asked, name: str, code: ErrorCode, why: str, outcome: str) -> None:
        """Say why.

        Args:
            asked: By whom.
            name: For what.
            code: Of the error.
            why: For the client and the log.
            outcome: As what it is counted.
        """
        self._reply(asked, error(code, one_line(why)))
        self._accounting.refused(name, code, why, outcome, asked.peer[0], self._clock())

    def illegal(self, asked: Asked, name: str, why: str) -> None:
        """Refuse what is not done here, whatever the file."""
        self.refuse(asked, name, ErrorCode.ILLEGAL_OPERATION, why, "refused")

    def busy(self, asked: Asked, name: str, why: str) -> None:
        """Refuse what there would be room for later."""
        self.refuse(asked, name, ErrorCode.UNDEFINED, f"busy: {why}", "busy")

    def not_opened(self, asked: Asked, name: str, exc: Exception) -> None:
        """Say why there is no file, by what was raised."""
        match exc:
            case OutsideError():
                self.refuse(asked, name, ErrorCode.ACCESS_VIOLATION, exc.why, "missing")
            case ProbeError():
                self._reply(asked, error(ErrorCode.NOT_FOUND, one_line(exc.why)))
                self._accounting.count("missing")
                log.debug("%s: %s", asked.peer[0], exc)
            case NotServedError():
                self.refuse(asked, name, ErrorCode.NOT_FOUND, exc.why, "missing")
            case BusyError():
                self.busy(asked, name, exc.why)
            case FileNotFoundError():
                self.refuse(asked, name, ErrorCode.NOT_FOUND, "no such file", "missing")
            case PermissionError():
                why = "the server may not read it"
                self.refuse(asked, name, ErrorCode.ACCESS_VIOLATION, why, "missing")
            case OSError():
                self.failed(asked, name, exc)
            case _:
                self.failed_by_bug(asked, exc)

    def failed(self, asked: Asked, name: str, exc: OSError) -> None:
        """Say that the host cannot."""
        if exc.errno in EXHAUSTED:
            self.busy(asked, name, str(exc.strerror))
        else:
            why = exc.strerror or str(exc)
            self.refuse(asked, name, ErrorCode.UNDEFINED, why, "failed")

    def failed_by_bug(self, asked: Asked, exc: Exception) -> None:
        """Tell of a bug, but not the client: its request must not end the service for others."""
        self._accounting.count("failed")
        log.error("a TFTP request failed by a bug: %s", asked.datagram.hex(), exc_info=exc)
