"""What the screen Machines shows: a hundred of the wanted ones, and how many there are. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter
from typing import Any, Final
from urllib.parse import quote

from pyxie.builds.life import Build, State
from pyxie.events.event import Event
from pyxie.http.page.badges import IDLE, LOOKS
from pyxie.http.page.machineswanted import PATH, Order, Shown, Sorting, Wanted
from pyxie.http.page.spokentimes import Moment, ago, since
from pyxie.registry.glob import is_exact, matcher

PAGE: Final = 100
"""Machines of one page."""
OFFERED: Final = 200
"""Groups whose names are offered to be chosen from; others are typed."""
NEVER: Final = "never built"
GONE: Final = "its file is not there any more"

_HOST: Final = attrgetter("host")
_URGENT_FIRST: Final = {
    state: at
    for at, state in enumerate(
        (
            *(State.FAILED, State.STALE, State.INSTALLING, State.PENDING),
            *(State.CANCELLED, State.REPLACED, State.INSTALLED),
        )
    )
}
_SAID: Final = {
    Shown.ACTIVE: "in build mode",
    Shown.TROUBLE: "in trouble",
    Shown.NEVER: NEVER,
    Shown.BROKEN: "with mistakes in their files",
}
_HEADS: Final = {
    Order.HOSTNAME: "Machine",
    Order.STATE: "State",
    Order.LAST_BOOT: "Last boot",
    Order.BUILD_TYPE: "Build type",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A machine, by its file.

    Attributes:
        host: Its hostname.
        macs: Of its NICs.
        groups: Those that it names, and its domain, as they are written.
        build_type: By which it is built, where a call names none; empty for none.
        broken: What is wrong with its file, a sentence with its place; empty for nothing.
        made_of: By what it is seen whether that is still so.
        searched: What a part of its name or of a MAC is looked for in.
        among: Its groups as they are compared. Both are kept, for ten thousand are looked through
            at each request.
    """

    host: str
    macs: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    build_type: str = ""
    broken: str = ""
    made_of: Any = field(default=None, compare=False, repr=False)
    searched: str = field(init=False, compare=False, repr=False)
    among: frozenset[str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "searched", "\n".join((self.host, *self.macs)))
        object.__setattr__(self, "among", frozenset(map(str.lower, self.groups)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What there is to show.

    Attributes:
        known: Each machine, in the order of the hostnames.
        groups: All groups and domains that machines name, sorted.
        types: The build types that there are, sorted.
        builds: The newest of each machine.
        boots: When machines booted last, seconds since the epoch.
        trouble: Gives the trouble of a build that cannot go on.
    """

    known: Mapping[str, Known] = field(default_factory=dict)
    groups: Sequence[str] = ()
    types: Sequence[str] = ()
    builds: Mapping[str, Build] = field(default_factory=dict)
    boots: Mapping[str, float] = field(default_factory=dict)
    trouble: Callable[[Build], Event | None] = lambda _: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A machine of the list.

    Attributes:
        host: Its hostname.
        url: Of its own screen.
        macs: Of its NICs.
        groups: As of `Known`.
        build_type: By which it is being built, or would be.
        state: Of its newest build.
        look: The class of that in the stylesheet.
        since: Since when; None where it was never built.
        trouble: Why its build cannot go on; empty where it can.
        troubled: When that was, which may be before its last boot; None where it can.
        last_boot: When it booted last; None where that was not seen.
        broken: As of `Known`.
        active: Whether it is in build mode.
    """

    host: str
    url: str
    macs: tuple[str, ...]
    groups: tuple[str, ...]
    build_type: str
    state: str
    look: str
    since: Moment | None
    trouble: str
    troubled: Moment | None
    last_boot: Moment | None
    broken: str
    active: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """A state that can be filtered by.

    Attributes:
        value: As of `Shown`; empty for all.
        label: In words.
        count: Of how many machines it is so, that fit all else that is asked for.
        url: Where those are shown.
        chosen: It is filtered by.
    """

    value: str
    label: str
    count: int
    url: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Head:
    """A column that can be ordered by.

    Attributes:
        label: In words.
        url: Where the list is ordered by it, or the other way round.
        sort: As HTML's ``aria-sort`` has it; empty if it is not ordered by this.
    """

    label: str
    url: str
    sort: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MachinesView:
    """The screen.

    Attributes:
        wanted: What was asked for, with the page that is shown.
        rows: Of that page.
        total: How many machines there are.
        found: How many of them fit.
        first: The place of the first row among those, from 1; 0 where there is none.
        last: That of the last.
        pages: How many there are.
        previous: Where the page before is; empty if there is none.
        following: Where the next one is.
        heads: The columns that can be ordered by.
        states: What can be filtered by.
        groups: Names to choose from; none where they are too many.
        types: The same, of build types.
        url: Where exactly this is.
        everything: Where all are shown, as they are ordered now.
        query: That of the URL, with a ``?``.
        mistake: What was wrong with what was pressed; empty for nothing.
    """

    wanted: Wanted
    rows: tuple[Row, ...]
    total: int
    found: int
    first: int
    last: int
    pages: int
    previous: str
    following: str
    heads: Mapping[str, Head]
    states: tuple[Choice, ...]
    groups: tuple[str, ...]
    types: tuple[str, ...]
    url: str
    everything: str
    query: str
    mistake: str = ""


def machines_view(facts: Facts, wanted: Wanted, now: float) -> MachinesView:
    """Return what is shown.

    Args:
        facts: What there is.
        wanted: What of it.
        now: Seconds since the epoch.
    """
    everything = _all(facts)
    fitting = _fitting(facts, everything, wanted)
    by_state = _by_state(facts, fitting)
    found = _found(by_state, fitting, wanted)
    pages = max(1, -(-len(found) // PAGE))
    wanted = wanted.model_copy(update={"page": min(wanted.page, pages)})
    first = (wanted.page - 1) * PAGE
    page = _ordered(facts, found, wanted.order)[first : first + PAGE]
    return MachinesView(
        wanted=wanted,
        rows=tuple(row(facts, each, now) for each in page),
        total=len(everything),
        found=len(found),
        first=first + 1 if page else 0,
        last=first + len(page),
        pages=pages,
        previous=wanted.url(page=wanted.page - 1) if wanted.page > 1 else "",
        following=wanted.url(page=wanted.page + 1) if wanted.page < pages else "",
        heads={str(by): _head(wanted, by) for by in Order},
        states=tuple(_choices(wanted, len(fitting), by_state)),
        groups=tuple(facts.groups) if len(facts.groups) <= OFFERED else (),
        types=tuple(facts.types),
        url=wanted.url(),
        everything=Wanted(order=wanted.order).url(),
        query=wanted.query(),
    )


def hosts_of(facts: Facts, wanted: Wanted) -> tuple[str, ...]:
    """Return the hostnames of all that fit, on whichever page, in order."""
    fitting = _fitting(facts, _all(facts), wanted)
    found = _found(_by_state(facts, fitting) if wanted.state else {}, fitting, wanted)
    return tuple(each.host for each in found)


def row(facts: Facts, known: Known, now: float) -> Row:
    """Return one machine as the list shows it; see `machines_view`."""
    build, boot = facts.builds.get(known.host), facts.boots.get(known.host)
    trouble = facts.trouble(build) if build is not None and build.active else None
    return Row(
        host=known.host,
        url=f"{PATH}/{quote(known.host, safe='')}",
        macs=known.macs,
        groups=known.groups,
        build_type=_type(known, build),
        state=str(build.state) if build is not None else NEVER,
        look=LOOKS[build.state] if build is not None else IDLE,
        since=since(build.changed, now) if build is not None else None,
        trouble=trouble.text if trouble else "",
        troubled=ago(trouble.at, now) if trouble else None,
        last_boot=ago(boot, now) if boot is not None else None,
        broken=known.broken,
        active=build is not None and build.active,
    )


def _all(facts: Facts) -> Mapping[str, Known]:
    """Return all machines, with those whose files are gone while they are in build mode."""
    gone = {
        host: Known(host=host, macs=build.macs, build_type=build.build_type, broken=GONE)
        for host, build in facts.builds.items()
        if host not in facts.known and (build.active or build.state is State.INSTALLED)
    }
    if not gone:
        return facts.known
    both = {**facts.known, **gone}
    return {host: both[host] for host in sorted(both)}


def _fitting(facts: Facts, everything: Mapping[str, Known], wanted: Wanted) -> Mapping[str, Known]:
    """Return those that fit but for their state, in order."""
    found: Iterable[Known] = everything.values()
    if wanted.name:
        found = filter(_named(wanted.name), found)
    if wanted.group:
        group = wanted.group.lower()
        found = (each for each in found if group in each.among)
    if wanted.build_type:
        of, builds = wanted.build_type, facts.builds
        found = (each for each in found if _type(each, builds.get(each.host)) == of)
    filtered = wanted.name or wanted.group or wanted.build_type
    return {each.host: each for each in found} if filtered else everything


def _named(name: str) -> Callable[[Known], bool]:
    text = name.strip().lower()
    if not is_exact(text):
        fits = matcher(text)
        return lambda known: fits(known.host)
    mac = text.replace("-", ":")
    return lambda known: text in known.searched or mac in known.searched


def _type(known: Known, build: Build | None) -> str:
    return build.build_type if build and build.active and build.build_type else known.build_type


def _by_state(facts: Facts, fitting: Mapping[str, Known]) -> Mapping[str, list[Known]]:
    """Return machines by what can be asked for of their states; each as of `Shown`."""
    found: dict[str, list[Known]] = {each: [] for each in (*Shown, *State)}
    active, trouble = found[Shown.ACTIVE], found[Shown.TROUBLE]
    for host, build in facts.builds.items():
        known = fitting.get(host)
        if known is None:
            continue
        found[build.state].append(known)
        if build.active:
            active.append(known)
            if facts.trouble(build) is not None:
                trouble.append(known)
    builds = facts.builds
    found[Shown.NEVER] = [each for host, each in fitting.items() if host not in builds]
    found[Shown.BROKEN] = [each for each in fitting.values() if each.broken]
    return found


def _found(
    by_state: Mapping[str, list[Known]], fitting: Mapping[str, Known], wanted: Wanted
) -> list[Known]:
    """Return those that fit, by hostname."""
    if wanted.state:
        return sorted(by_state[wanted.state], key=_HOST)
    return list(fitting.values())


def _ordered(facts: Facts, found: list[Known], order: Sorting) -> list[Known]:
    """Return them in order; those of which it is not known come last, up and down."""
    if order.by is Order.HOSTNAME:
        return found[::-1] if order.down else found
    by: dict[Order, Callable[[Known], Any]] = {
        Order.STATE: lambda known: _urgency(facts.builds.get(known.host)),
        Order.LAST_BOOT: lambda known: facts.boots.get(known.host),
        Order.BUILD_TYPE: lambda known: _type(known, facts.builds.get(known.host)) or None,
    }
    keyed = [(by[order.by](each), each) for each in found]
    known = [pair for pair in keyed if pair[0] is not None]
    known.sort(key=itemgetter(0), reverse=order.down)
    return [each for _, each in known] + [each for key, each in keyed if key is None]


def _urgency(build: Build | None) -> int | None:
    return _URGENT_FIRST[build.state] if build is not None else None


def _head(wanted: Wanted, by: Order) -> Head:
    if wanted.order.by is by:
        turned = by if wanted.order.down else f"-{by}"
        sort = "descending" if wanted.order.down else "ascending"
        return Head(_HEADS[by], wanted.url(order=Sorting(turned)), sort)
    first = Sorting.LAST_BOOT_DOWN if by is Order.LAST_BOOT else Sorting(by)
    return Head(_HEADS[by], wanted.url(order=first), "")


def _choices(wanted: Wanted, fitting: int, by_state: Mapping[str, list[Known]]) -> Iterator[Choice]:
    for value in ("", *Shown):
        chosen, count = wanted.state == value, len(by_state[value]) if value else fitting
        if count or chosen or not value:
            label = _SAID.get(Shown(value), value) if value else "all"
            yield Choice(value, label, count, wanted.url(state=value), chosen)
