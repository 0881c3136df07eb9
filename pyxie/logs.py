"""The log: standard error, as text or as JSON lines."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from typing import Final

from pyxie.clock import steady
from pyxie.config.settings import Log
from pyxie.lines import Lines, Sort, about

_LIBRARIES = ("aiohttp", "alembic", "asyncio", "sqlalchemy")
_OPERATORS: Final = (
    *("pyxie.builds", "pyxie.config", "pyxie.daemon", "pyxie.http.machine_files", "pyxie.launch"),
    *("pyxie.leftout", "pyxie.logs", "pyxie.net", "pyxie.registry", "pyxie.service"),
    *("pyxie.store", "pyxie.systemd"),
)
"""Who tells of the host, of the operator's files and of what who may manage has done: as many
lines as there are."""


class _Bounded(logging.Filter):
    """Lets through what `Lines` takes, whichever thread it comes from."""

    def __init__(self, lines: Lines) -> None:
        super().__init__()
        self._lines = lines
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "counted", False):
            return True
        sort, client = _about(record)
        return sort is None or self.takes(sort, client)

    def takes(self, sort: Sort, client: str) -> bool:
        """Tell whether a line is taken, and count it."""
        with self._lock:
            return self._lines.takes(sort, client, steady())


def say(
    logger: logging.Logger, level: int, sort: Sort, client: str, message: str, *args: object
) -> None:
    """Log a line of which there may be thousands a second; one that is not taken is never made.

    Args:
        logger: Whose it is.
        level: `logging.INFO` or above; what is below is rarely logged at all.
        sort: What it is about; as of `pyxie.lines.about`, like the next.
        client: Whom.
        message: With a ``%`` for each of the next.
        args: What it tells.
    """
    if not logger.isEnabledFor(level):
        return
    handlers = logging.getLogger().handlers
    bounded = handlers[0].filters[:1] if len(handlers) == 1 else ()
    for each in bounded:
        if isinstance(each, _Bounded) and level >= logging.INFO:
            if each.takes(sort, client):
                logger.log(level, message, *args, extra={**about(sort, client), "counted": True})
            return
    logger.log(level, message, *args, extra=about(sort, client))


def _about(record: logging.LogRecord) -> tuple[Sort | None, str]:
    said: tuple[Sort | None, str] | None = getattr(record, "about", None)
    client = said[1] if said else ""
    if record.levelno < logging.INFO:
        return Sort.DETAILS, client
    if record.exc_info:
        return Sort.BUGS, client
    if said is not None:
        return said
    return None if f"{record.name}.".startswith(_PREFIXES) else Sort.OTHERS, ""


_PREFIXES: Final = tuple(f"{name}." for name in _OPERATORS)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=False)


class _Text(logging.Formatter):
    """One line a record: what a client sent cannot begin another."""

    def __init__(self, *, timed: bool) -> None:
        super().__init__()
        self._timed = timed

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        if not message.isprintable():  # few are not, and this goes through it one by one
            message = "".join(c if c.isprintable() else repr(c)[1:-1] for c in message)
        parts = [time.strftime("%H:%M:%S", time.localtime(record.created))] if self._timed else []
        if record.levelno != logging.INFO:
            parts.append(record.levelname.lower() + ":")
        parts.append(message)
        text = " ".join(parts)
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return text


def configure(log: Log, lines: Lines) -> None:
    """Set up logging as ``config.yaml`` wants it.

    Args:
        log: What it wants.
        lines: How many lines there may be.
    """
    # No line says in which function, thread or process it was made, and to find out takes longer
    # than all else: docs.python.org/3/howto/logging.html#optimization.
    vars(logging)["_srcfile"] = None
    vars(logging).update(dict.fromkeys(("logThreads", "logProcesses", "logMultiprocessing"), False))
    handler = logging.StreamHandler(sys.stderr)
    # The journal has its own clock (systemd.exec(5), JOURNAL_STREAM).
    timed = "JOURNAL_STREAM" not in os.environ
    handler.setFormatter(_Json() if log.format == "json" else _Text(timed=timed))
    handler.addFilter(_Bounded(lines))
    level = log.level.upper()
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
