"""The log: standard error, as text or as JSON lines."""

from __future__ import annotations

import json
import logging
import os
import sys
import time

from pyxie.config.settings import Log

_LIBRARIES = ("aiohttp", "aiosqlite", "alembic", "asyncio", "sqlalchemy")


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
        message = record.getMessage().replace("\n", "\\n").replace("\r", "\\r")
        message = "".join(c if c.isprintable() else repr(c)[1:-1] for c in message)
        parts = [time.strftime("%H:%M:%S", time.localtime(record.created))] if self._timed else []
        if record.levelno != logging.INFO:
            parts.append(record.levelname.lower() + ":")
        parts.append(message)
        text = " ".join(parts)
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return text


def configure(log: Log) -> None:
    """Set up logging as ``config.yaml`` wants it; once, by the command line."""
    handler = logging.StreamHandler(sys.stderr)
    # The journal has its own clock (systemd.exec(5), JOURNAL_STREAM).
    timed = "JOURNAL_STREAM" not in os.environ
    handler.setFormatter(_Json() if log.format == "json" else _Text(timed=timed))
    level = log.level.upper()
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
