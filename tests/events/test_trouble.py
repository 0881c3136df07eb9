"""A machine's last trouble: what is one, and what shows that it is over."""

from __future__ import annotations

import pytest

from pyxie.bounds import TROUBLES
from pyxie.events.datagrams import (
    AbortedByClient,
    AnswerNotSent,
    MissingOverTftp,
    NotAnswered,
    Offered,
)
from pyxie.events.event import Event
from pyxie.events.kind import Kind
from pyxie.events.kinds import (
    Booting,
    BuildAdvised,
    BuildChanged,
    BuildRefused,
    Diagnosed,
    GrubConfigured,
    HookFailed,
    ImageFailed,
    ImageFetching,
    ManagementRefused,
    ScriptFailed,
    ScriptRefused,
    ScriptSent,
    TemplateFailed,
    TemplateFetched,
    TokenRefused,
)
from pyxie.events.trouble import Troubles, is_over, is_trouble

KERNEL = ImageFailed(part="kernel", source="http://m.example/linux", why="answered 404 Not Found")
PRESEED = TemplateFailed(name="preseed", why="a.j2:1: 'x' is undefined")
HOOK = HookFailed(point="pxeevent", hook="true", result="exit code 1")
SCRIPT = ScriptFailed(why="no kernel")
UNSENT = AnswerNotSent(to="192.0.2.9", error="Network is unreachable")
NO_LOADER = NotAnswered(reason="no-loader", detail="no boot loader for it")
TFTP = AbortedByClient(name="ipxe.efi", received=0, total=9, message="no", error=3)
OFFERED = Offered(
    what="x", script=False, client="PXE", lacking="", architecture="BIOS", port=67, observed=False
)


def changed(state: str) -> BuildChanged:
    return BuildChanged(build=1, state=state, cause="")


def event(what: Kind, at: float = 1.0, host: str | None = "web01") -> Event:
    return Event(at=at, what=what, host=host)


class TestATrouble:
    @pytest.mark.parametrize(
        "what", [KERNEL, PRESEED, HOOK, SCRIPT, UNSENT, NO_LOADER, TFTP], ids=lambda what: what.code
    )
    def test_is_what_keeps_a_machine_from_going_on(self, what: Kind) -> None:
        assert is_trouble(what)

    @pytest.mark.parametrize(
        "what",
        [
            NotAnswered(reason="not-in-build", detail="installed"),
            MissingOverTftp(name="grub.cfg", why="no such file"),
            ScriptRefused(machine="web01", why="not in build mode"),
            BuildRefused(why="a.j2:1: 'x' is undefined"),
            BuildAdvised(advice="nothing in this build calls 'urls.done'"),
            ManagementRefused(method="PUT", path="/build/web01", why="may not"),
            TokenRefused(path="/done/web01/***"),
            Diagnosed(diagnosis="never-seen", found="Nothing was heard.", try_next=""),
            ImageFetching(part="kernel", total=1),
            Booting(),
        ],
        ids=lambda what: what.code,
    )
    def test_is_not_what_boots_bring_or_a_callers_own(self, what: Kind) -> None:
        assert not is_trouble(what)

    @pytest.mark.parametrize(
        ("trouble", "later", "over"),
        [
            *((each, Booting(), True) for each in (KERNEL, SCRIPT, UNSENT, NO_LOADER, TFTP)),
            *((each, Booting(), False) for each in (PRESEED, HOOK)),
            (PRESEED, TemplateFetched(name="preseed"), True),
            (PRESEED, TemplateFetched(name="finish"), False),
            (KERNEL, TemplateFetched(name="preseed"), False),
            (SCRIPT, ScriptSent(), True),
            (KERNEL, ScriptSent(), False),
            (SCRIPT, GrubConfigured(secure_boot=True), True),
            (NO_LOADER, OFFERED, True),
            (KERNEL, OFFERED, False),
            *((HOOK, changed(state), True) for state in ("pending", "installed", "cancelled")),
            *((KERNEL, changed(state), False) for state in ("installing", "stale")),
            (KERNEL, ImageFetching(part="kernel", total=1), False),
        ],
    )
    def test_is_over_once_something_later_shows_it(
        self, trouble: Kind, later: Kind, over: bool
    ) -> None:
        assert is_over(trouble, later) is over


class TestTroubles:
    def test_are_the_last_of_each_machine_since_its_build_began(self) -> None:
        troubles = Troubles()
        for each in (event(PRESEED, 1.0), event(KERNEL, 2.0), event(HOOK, 3.0, "web02")):
            troubles.note(each)

        assert list(troubles.hosts()) == ["web01", "web02"]
        assert troubles.of("web01", 0.0) == event(KERNEL, 2.0)
        assert troubles.of("web01", 2.5) is None
        assert troubles.of("web03", 0.0) is None

    def test_count_by_their_order_if_the_clock_is_set_back(self) -> None:
        troubles = Troubles()
        troubles.note(event(HOOK, 50.0))
        troubles.note(event(changed("pending"), 100.0))
        before = troubles.of("web01", 100.0)

        troubles.note(event(KERNEL, 7.0))

        assert (before, troubles.of("web01", 100.0)) == (None, event(KERNEL, 7.0))

    def test_go_when_they_are_over_and_no_earlier(self) -> None:
        troubles = Troubles()
        troubles.note(event(KERNEL))

        troubles.note(event(ScriptSent()))
        before = troubles.of("web01", 0.0)
        troubles.note(event(Booting(), host="web02"))
        troubles.note(event(Booting()))

        assert (before, troubles.of("web01", 0.0)) == (event(KERNEL), None)

    def test_of_unknown_machines_are_not_kept(self) -> None:
        troubles = Troubles()

        troubles.note(event(KERNEL, host=None))

        assert troubles._last == {}

    def test_are_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(TROUBLES, "most", 2)
        troubles = Troubles()

        for host in ("a", "b", "c"):
            troubles.note(event(KERNEL, host=host))

        assert [troubles.of(host, 0.0) is None for host in ("a", "b", "c")] == [True, False, False]
