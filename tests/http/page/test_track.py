"""How far a boot has come, as the steps of a track."""

from __future__ import annotations

import pytest

from pyxie.builds.life import State
from pyxie.diagnosis.course import course
from pyxie.events import datagrams, kinds
from pyxie.events.event import Event
from pyxie.events.kind import Kind
from pyxie.http.page.track import BY_HAND, STEPS, Mark, Step, Track, track
from tests.diagnosis.situations import (
    BEGUN,
    BOOTED,
    HOST,
    MAC,
    build,
    fetching,
    heard,
    offered,
    script_offered,
    sent,
)

SILENT = datagrams.NotAnswered(reason="no-loader", detail="there is none")
FETCHED = kinds.TemplateFetched(name="preseed")


def moved(at: float, what: Kind) -> Event:
    """Return a sign of a transfer, so many seconds after the build began."""
    return Event(at=BEGUN + at, what=what, mac=MAC, host=HOST)


def of(*what: tuple[float, Kind], moving: Event | None = None, stuck: bool = False) -> Track:
    """Return the track of a machine in build mode."""
    return track(course(heard(*what), BEGUN), build(), moving, stuck=stuck)


def shown(found: Track) -> str:
    """Return a track as a line: ``DISCOVER offer [loader] script …``."""
    written = {
        Mark.DONE: "{}",
        Mark.NOW: "[{}]",
        Mark.STUCK: "!{}!",
        Mark.ENDED: "+{}+",
        Mark.AHEAD: "({})",
        Mark.PASSED: "-{}-",
    }
    return " ".join(written[each.mark].format(each.name) for each in found.steps)


class TestATrack:
    @pytest.mark.parametrize(
        ("upto", "line", "since"),
        [
            (0, "[DISCOVER] (offer) (loader) (script) (kernel) (initrd) (installer) (done)", 0),
            (1, "DISCOVER offer [loader] (script) (kernel) (initrd) (installer) (done)", 30),
            (2, "DISCOVER offer [loader] (script) (kernel) (initrd) (installer) (done)", 33),
            (3, "DISCOVER offer loader [script] (kernel) (initrd) (installer) (done)", 35),
            (4, "DISCOVER offer loader [script] (kernel) (initrd) (installer) (done)", 40),
            (5, "DISCOVER offer loader script [kernel] (initrd) (installer) (done)", 42),
            (6, "DISCOVER offer loader script [kernel] (initrd) (installer) (done)", 43),
            (7, "DISCOVER offer loader script kernel [initrd] (installer) (done)", 44),
            (8, "DISCOVER offer loader script kernel initrd [installer] (done)", 48),
        ],
    )
    def test_is_at_the_step_behind_what_was_seen_of_the_boot(
        self, upto: int, line: str, since: float
    ) -> None:
        found = of(*BOOTED[:upto])

        assert shown(found) == line
        assert found.since == BEGUN + since

    def test_a_machine_that_is_not_answered_is_at_its_offer(self) -> None:
        assert of((3.0, SILENT)).at.name == "offer"

    def test_one_that_asked_for_its_script_and_has_none_is_at_that(self) -> None:
        refused = kinds.ScriptFailed(why="web01.yaml:3:1: a mistake")

        assert of(*BOOTED[:5], (43.0, refused)).at.name == "script"

    def test_where_it_stands_still_the_step_says_so(self) -> None:
        found = of(*BOOTED[:1], stuck=True)

        assert found.at == Step("loader", Mark.STUCK)
        assert of(stuck=True).at == Step("DISCOVER", Mark.STUCK)

    def test_an_installer_that_fetched_its_files_is_still_at_work(self) -> None:
        found = of(*BOOTED, (90.0, FETCHED))

        assert found.at == Step("installer", Mark.NOW)
        assert found.since == BEGUN + 90

    def test_a_machine_that_begins_anew_is_at_the_beginning(self) -> None:
        assert of(*BOOTED, (400.0, offered())).at.name == "loader"

    def test_what_was_before_the_build_is_not_of_it(self) -> None:
        way = course(heard(*BOOTED, begins=False), BEGUN + 100)

        assert track(way, build(begun=BEGUN + 100)).at.name == "DISCOVER"

    def test_a_loader_in_the_firmware_and_an_initrd_that_there_is_none_are_passed_over(
        self,
    ) -> None:
        found = of(
            *((40.0, script_offered()), (42.0, kinds.ScriptSent())),
            *((43.0, fetching()), (48.0, kinds.Booting())),
        )

        line = "DISCOVER offer -loader- script kernel -initrd- [installer] (done)"
        assert shown(found) == line

    def test_an_ipxe_that_asks_once_more_has_had_its_loader_before(self) -> None:
        failed = kinds.ImageFailed(part="kernel", source="k", why="404")

        found = of(*BOOTED[:6], (44.0, failed), (54.0, script_offered()))

        assert shown(found).startswith("DISCOVER offer loader [script]")

    def test_one_that_is_installed_has_all_behind_it(self) -> None:
        ended = build(State.INSTALLED, changed=BEGUN + 600)
        found = track(course(heard(*BOOTED), BEGUN), ended)

        assert shown(found) == " ".join(STEPS)
        assert found.since == BEGUN + 600
        assert found.at == Step("done", Mark.DONE)

    def test_one_that_is_installed_of_which_no_event_is_left_has_them_too(self) -> None:
        found = track(course(()), build(State.INSTALLED))

        assert shown(found) == " ".join(STEPS)

    def test_a_build_that_ended_otherwise_stays_where_it_came_to(self) -> None:
        found = track(course(heard(*BOOTED), BEGUN), build(State.FAILED))

        assert found.at == Step("installer", Mark.STUCK)

    def test_a_build_that_was_ended_by_somebody_does_not_stand_still_there(self) -> None:
        found = track(course(heard(*BOOTED[:4]), BEGUN), build(State.CANCELLED))
        silent = track(course(()), build(State.CANCELLED))

        assert shown(found) == (
            "DISCOVER offer loader +script+ (kernel) (initrd) (installer) (done)"
        )
        assert (found.at, silent.at) == (Step("script", Mark.ENDED), Step("DISCOVER", Mark.ENDED))


class TestABootByHand:
    def test_ends_with_its_kernel(self) -> None:
        found = track(course(heard(*BOOTED, begins=False)), None)

        assert shown(found) == " ".join(BY_HAND)
        assert found.at == Step("started", Mark.DONE)

    def test_is_at_its_steps_before(self) -> None:
        way = course(heard((40.0, script_offered()), begins=False))

        assert shown(track(way, None)) == (
            "DISCOVER offer -loader- [script] (kernel) (initrd) (started)"
        )

    def test_of_which_nothing_was_heard_has_no_time(self) -> None:
        assert track(course(()), None).since is None


class TestWhatIsUnderWay:
    @pytest.mark.parametrize(
        ("upto", "moving", "step"),
        [
            (1, datagrams.TftpProgress(name="a/ipxe.efi", received=250, total=1000), "loader"),
            (1, kinds.LoaderProgress(name="ipxe.efi", sent=250, total=1000), "loader"),
            (6, kinds.ImageProgress(part="kernel", sent=250, total=1000), "kernel"),
            (7, kinds.ImageProgress(part="initrd 1", sent=250, total=1000), "initrd"),
        ],
    )
    def test_says_how_far_it_is(self, upto: int, moving: Kind, step: str) -> None:
        found = of(*BOOTED[:upto], moving=moved(60, moving)).at

        assert (found.name, found.sent, found.total, found.percent) == (step, 250, 1000, 25)

    @pytest.mark.parametrize(
        ("at", "what"),
        [
            (43.5, kinds.ImageProgress(part="initrd 1", sent=1, total=2)),
            (60.0, kinds.ImageProgress(part="kernel", sent=1, total=2)),
            (60.0, datagrams.TftpProgress(name="a/ipxe.efi", received=1, total=2)),
        ],
        ids=["before it began", "of another file", "of a loader"],
    )
    def test_goes_by_no_sign_of_something_else(self, at: float, what: Kind) -> None:
        assert of(*BOOTED[:7], moving=moved(at, what)).at == Step("initrd", Mark.NOW, "initrd 1")

    def test_of_unknown_length_has_no_percent(self) -> None:
        moving = moved(60, kinds.ImageProgress(part="kernel", sent=250, total=None))
        found = of(*BOOTED[:6], moving=moving).at

        assert (found.sent, found.percent) == (250, None)

    def test_is_never_more_than_all(self) -> None:
        assert Step("kernel", Mark.NOW, "kernel", 101, 100).percent == 100
        assert Step("kernel", Mark.NOW, "kernel", 1, 0).percent is None

    def test_is_the_initrd_once_a_kernel_was_sent_over_tftp(self) -> None:
        sure = (42.0, kinds.GrubConfigured(secure_boot=True))

        assert of((30.0, offered()), sure, (44.0, sent("kernel"))).at == Step("initrd", Mark.NOW)

    def test_over_tftp_has_its_parts_name(self) -> None:
        sure = (42.0, kinds.GrubConfigured(secure_boot=True))
        moving = moved(50, datagrams.TftpProgress(name="initrd 1", received=1, total=4))
        found = of(sure, (44.0, sent("kernel")), (45.0, fetching("initrd 1")), moving=moving)

        assert found.at.percent == 25

    def test_of_a_loader_over_http_is_that_until_something_else_comes(self) -> None:
        begun = (31.0, kinds.LoaderOverHttp(name="ipxe.efi"))

        assert of((30.0, offered()), begun).at.name == "loader"

    def test_a_file_beside_an_image_counts_for_that(self) -> None:
        absent = kinds.ImageAbsent(part="boot.cfg beside kernel")

        assert of(*BOOTED[:5], (43.0, absent)).at == Step("kernel", Mark.NOW, "kernel")
