"""What the screen of one machine shows, made of what is known of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from pyxie.builds.life import Build
from pyxie.config.place import Loc, spell
from pyxie.http.page.badges import IDLE, LOOKS
from pyxie.http.page.bootview import EVENTS_SHOWN, Boot, Past, Why
from pyxie.http.page.buildview import BuildRow
from pyxie.http.page.commandline import command
from pyxie.http.page.filelines import Listing
from pyxie.http.page.longtext import VALUE, Text, cut, printable
from pyxie.http.page.spokentimes import Moment, since
from pyxie.registry.veil import shown

SETTINGS_SHOWN: Final = 500
"""Values of a machine that are listed; a file may hold 20,000."""


class Written(Protocol):
    """What is asked of `pyxie.registry.origins.Origin`."""

    @property
    def loc(self) -> Loc:
        """The way to the value."""
        ...

    @property
    def value(self) -> str | None:
        """As it was written; None for one that was cleared."""
        ...

    @property
    def layer(self) -> str:
        """``settings``, ``group web``, ``machine``."""
        ...

    @property
    def file(self) -> str:
        """The file."""
        ...

    @property
    def line(self) -> int:
        """Counted from 1."""
        ...

    @property
    def column(self) -> int:
        """Counted from 1."""
        ...


@dataclass(frozen=True, slots=True)
class Setting:
    """One value, and where it was written.

    Attributes:
        path: As ``params.disk``.
        value: Without secrets; None for one that was cleared.
        layer: As of `Written`.
        place: ``file:line:column``.
    """

    path: str
    value: str | None
    layer: str
    place: str


@dataclass(frozen=True, slots=True)
class Settings:
    """All values of a machine.

    Attributes:
        rows: Those that are shown.
        more: How many are not.
    """

    rows: tuple[Setting, ...]
    more: int = 0


def settings(values: Sequence[Written]) -> Settings:
    """Return a machine's values with their places, in the order of the merge."""
    rows = tuple(_setting(each) for each in values[:SETTINGS_SHOWN])
    return Settings(rows, len(values) - len(rows))


def _setting(of: Written) -> Setting:
    value = of.value if of.value is None else cut(shown(of.loc, of.value), VALUE)
    place = f"{of.file}:{of.line}:{of.column}" if of.line else of.file
    return Setting(spell(of.loc), value, of.layer, place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What stands above all else of a machine, and what can be done with it.

    Attributes:
        host: Its hostname.
        path: Of its screen.
        macs: Its NICs.
        is_described: It has a file that is, or was, without a mistake: it can be built.
        build: The number of its newest build; None if there was none.
        active: It is in build mode.
        state, look: Of that build, and its class; of none, that it was never in build mode.
        build_type: Of that build; empty for the machine's own.
        since: When it came into that state.
        reason: Why that build failed.
        wipes: What it was said to wipe, in sentences.
        secure_boot: What is known of it, in sentences.
        notices: What is to be known before all else: settings not in force, a disk that is full.
        advice: What was said of that build when it began, that it will hardly do what is wanted.
        mistakes: How many there are in its file.
    """

    host: str
    path: str
    macs: tuple[str, ...]
    is_described: bool
    build: int | None
    active: bool
    state: str
    look: str
    build_type: str
    since: Moment | None
    reason: str
    wipes: tuple[str, ...]
    secure_boot: tuple[str, ...]
    notices: tuple[str, ...]
    advice: tuple[str, ...]
    mistakes: int

    @property
    def commands(self) -> Mapping[str, str]:
        """The commands that do the same, by what they do."""
        of_one = ("build", "cancel", "done", "why", "show", "edit", "log")
        past = command("events", host=self.host, past=str(EVENTS_SHOWN))
        return {**{name: command(name, self.host) for name in of_one}, "events": past}


def head(
    host: str,
    path: str,
    build: Build | None,
    now: float,
    *,
    macs: Sequence[str] = (),
    is_described: bool = False,
    wipes: Iterable[str] = (),
    secure_boot: Iterable[str] = (),
    notices: Iterable[str] = (),
    advice: Iterable[str] = (),
    mistakes: int = 0,
) -> Head:
    """Return it; the arguments are as of `Head`."""
    return Head(
        host=host,
        path=path,
        macs=tuple(macs),
        is_described=is_described,
        build=build.number if build is not None else None,
        active=build is not None and build.active,
        state=str(build.state) if build is not None else "never in build mode",
        look=LOOKS[build.state] if build is not None else IDLE,
        build_type=build.build_type if build is not None else "",
        since=since(build.changed, now) if build is not None else None,
        reason=build.reason if build is not None else "",
        wipes=tuple(wipes) if build is not None and build.active else (),
        secure_boot=tuple(secure_boot),
        notices=tuple(map(printable, notices)),
        advice=tuple(advice) if build is not None and build.active else (),
        mistakes=mistakes,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a machine would be served, of one kind.

    Attributes:
        kinds: All that there are; the first are templates.
        kind: Which one is shown; empty for none.
        text: What it is; None where nothing is shown, or it cannot be rendered.
        mistakes: Why it cannot, with file, line and column.
        command: The one that gives the exact bytes; empty where nothing is shown.
    """

    kinds: tuple[str, ...]
    kind: str = ""
    text: Text | None = None
    mistakes: tuple[str, ...] = ()
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovingView:
    """What of the screen changes while one looks.

    Attributes:
        head: What stands above all.
        why: Its diagnosis; None where there is none.
        boots: What is in memory of what happened, the newest boot first.
        builds: The newest.
        log: The end of the installer's log that came when the newest build failed.
        kept: Why not all of builds and hooks is here; empty if it is.
    """

    head: Head
    why: Why | None
    boots: tuple[Boot, ...]
    builds: tuple[BuildRow, ...]
    log: Text | None
    kept: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineView:
    """The screen.

    Attributes:
        moving: What of it changes while one looks.
        settings: All values with their places; None where there are none.
        undefined: Why there are none.
        build_type: As which type it is shown; empty for its build's, or its own.
        build_types: All that there are.
        preview: What it would be served.
        file: Its file with its mistakes; None if it has none.
        place: Where that is.
        elsewhere: Mistakes that concern it in other files.
        done: What was done with it just now, as of `DONE`; empty for nothing.
    """

    moving: MovingView
    settings: Settings | None
    undefined: str
    build_type: str
    build_types: tuple[str, ...]
    preview: Preview
    file: Listing | None
    place: str
    elsewhere: tuple[str, ...]
    done: str = ""

    @property
    def head(self) -> Head:
        """What stands above all."""
        return self.moving.head


DONE: Final[Mapping[str, str]] = {
    "adopted": "Its machine file is written. Nothing is installed before a build of it begins.",
    "begun": "Its build has begun.",
    "cancelled": "Its build is cancelled.",
    "installed": "It is taken for installed.",
    "unchanged": "Its file was not changed.",
    "written": "Its file is written.",
}
"""What was done just now, by the word of it that the URL has after it."""


@dataclass(frozen=True, slots=True)
class PastView:
    """What happened to a machine, as it is kept on disk.

    Attributes:
        host: Its hostname.
        path: Of its screen.
        page: The events.
        is_later: It is not the first page.
        problem: Why they cannot be read; empty if they can.
        command: The one that shows the same.
    """

    host: str
    path: str
    page: Past
    is_later: bool
    problem: str
    command: str


@dataclass(frozen=True, slots=True)
class LogView:
    """The end of an installer's log.

    Attributes:
        host: The machine's hostname.
        path: Of its screen.
        build: The build's number.
        text: The log.
        problem: Why it cannot be read; empty if it can.
    """

    host: str
    path: str
    build: int
    text: Text
    problem: str
