"""What the command line prints: tables and colour on a terminal, plain lines elsewhere."""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pyxie.errors import PyxieError

_DAY = 86_400.0
_COLOURS = {"trouble": "red", "silence": "yellow", "build": "bold green"}


class ReaderGoneError(PyxieError):
    """Whoever read our output has left, as in `pyxie events | head`."""


def prepare() -> None:
    """See to it that no text can fail to be printed, whatever the locale is."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def as_json(value: Any) -> None:
    """Print one JSON document, a line of its own."""
    _print(json.dumps(value, ensure_ascii=False))


def answer(value: Any, as_json_: bool, text: str) -> None:
    """Print what a daemon answered: as JSON, or in a sentence."""
    if as_json_:
        as_json(value)
    else:
        line(text)


def when(at: float) -> str:
    """Return a time, seconds since the epoch, as people read it here."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def secure_boot(known: Mapping[str, Any]) -> str:
    """Return what is known of a NIC's machine, as `SecureBootState` of the API has it."""
    return (
        f"{known['mac']}: its Secure Boot is {known['state']}, as its {known['by']} said"
        f" on {when(known['at'])}"
    )


def line(text: str) -> None:
    """Print one line, however long."""
    _print(_harmless(text))


def exact(text: str) -> None:
    """Print ``text`` as the very bytes that a machine gets: UTF-8, no line end added.

    On a terminal, without what that would act upon.
    """
    if sys.stdout.isatty():
        text = "".join(each if each in "\n\t" else _harmless(each) for each in text)
    sys.stdout.flush()
    try:
        sys.stdout.buffer.write(text.encode(errors="backslashreplace"))
        sys.stdout.buffer.flush()
    except BrokenPipeError as exc:
        raise _reader_gone() from exc


def error(text: str) -> None:
    """Print a line, or several, to standard error."""
    for each in text.splitlines():
        print(_harmless(each), file=sys.stderr, flush=True)  # noqa: T201


def problem(
    exit_code: int,
    detail: str,
    *,
    problems: Sequence[str] = (),
    status: int = 0,
    code: str | None = None,
) -> None:
    """Print to standard error, as problem JSON (RFC 9457), why a command ends.

    Args:
        exit_code: What it ends with.
        detail: In a sentence.
        problems: All that is wrong, a sentence each.
        status: The daemon's, if it was one that refused.
        code: As of REST.
    """
    said: dict[str, Any] = {"type": "about:blank", "title": "Failed", "detail": detail}
    said |= {"status": status} if status else {}
    said |= {"problems": list(problems)} if problems else {}
    said |= {"code": code} if code else {}
    print(json.dumps({**said, "exit": exit_code}), file=sys.stderr, flush=True)  # noqa: T201


def note(text: str) -> None:
    """Say to people what is no part of the answer, as why there is nothing in it."""
    error(f"pyxie: {text}")


def _print(text: str) -> None:
    try:
        print(text, flush=True)  # noqa: T201
    except BrokenPipeError as exc:
        raise _reader_gone() from exc


def _reader_gone() -> ReaderGoneError:
    # What is still buffered would raise again when Python ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ReaderGoneError()


def _harmless(text: str) -> str:
    """Return ``text`` without what a terminal would act upon: files and peers are in it."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns; off a terminal without head, wrapping or colour, for scripts."""
    if not sys.stdout.isatty():
        widths = [max(len(row[at]) for row in rows) for at in range(len(heads))] if rows else []
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            line("  ".join(cells).rstrip())
        return
    from pyxie.columns import draw  # imported where it shows: rich takes 0.1 s

    draw([[_harmless(cell) for cell in row] for row in (heads, *rows)])


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show on a terminal how far something has come, and nowhere else.

    Args:
        what: What comes, for people.
        total: Bytes; None where that is not known.

    Yields:
        What is to be told of each bytes that have come.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress
    from rich.text import Text

    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(Text(_harmless(what)).markup, total=total)
        yield lambda count: shown.advance(task, count)


@contextmanager
def bars() -> Iterator[Callable[[str, int, int | None], None]]:
    """Show on a terminal how far several things have come, and nowhere else.

    Yields:
        What is to be told, of each that is called so, how many bytes there are, and of how many.
    """
    if not sys.stderr.isatty():
        yield lambda _what, _there, _total: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TaskID,
        TextColumn,
        TransferSpeedColumn,
    )
    from rich.text import Text

    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn()
    tasks: dict[str, TaskID] = {}
    with Progress(
        *columns, TransferSpeedColumn(), console=Console(stderr=True), transient=True
    ) as shown:

        def moved(what: str, there: int, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = shown.add_task(Text(_harmless(what)).markup, total=total)
            shown.update(tasks[what], completed=there, total=total)

        yield moved


def event(found: Mapping[str, Any], *, dated: bool = False) -> None:
    """Print one step of a boot, with its time; ``dated``, or of over a day ago, with its day."""
    dated = dated or time.time() - found["at"] > _DAY
    at = time.strftime("%F %T" if dated else "%T", time.localtime(found["at"]))
    who = found["host"] or found["mac"] or found["peer"] or "-"
    text = f"{at}  {who}  {found['text']}"
    if not sys.stdout.isatty():
        line(text)
        return
    from rich.console import Console
    from rich.text import Text

    style = _COLOURS.get(found["step"], "")
    Console(highlight=False).print(Text(_harmless(text), style=style), soft_wrap=True)
