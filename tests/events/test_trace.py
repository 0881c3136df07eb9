from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

import pytest

from pyxie.bounds import (
    EVENTS_GATHERED,
    EVENTS_MACHINES,
    EVENTS_OF_MACHINE,
    EVENTS_RECENT,
    EVENTS_UNKNOWN,
    EVENTS_UNREAD,
    STRANGERS_EVENTS,
)
from pyxie.events.event import Event, spoken
from pyxie.events.kind import Kind, Step
from pyxie.events.kinds import (
    Booting,
    BuildChanged,
    HookDone,
    HookFailed,
    ImageProgress,
    TemplateFetched,
)
from pyxie.events.trace import Trace
from tests.events.said import said
from tests.support import A_DAY_BACK, YEARS, Clock, SetClock

MAC = "52:54:00:12:34:56"


def known(*macs: str) -> Trace:
    """A trace to which these MACs are web01's."""
    return Trace(dict.fromkeys(macs, "web01").get, clock=Clock(100.0))


def texts(events: list[Event]) -> list[str]:
    return [event.text for event in events]


class TestRecord:
    def test_an_event_has_all_that_was_told_and_the_time(self) -> None:
        trace = Trace(clock=Clock(100.0))

        trace.record(said(Step.OFFER, "offered"), mac=MAC, host="web01", peer="192.0.2.9")

        assert trace.recent() == [
            Event(
                at=100.0, what=said(Step.OFFER, "offered"), mac=MAC, host="web01", peer="192.0.2.9"
            )
        ]

    def test_the_host_is_found_by_the_mac(self) -> None:
        trace = known(MAC)

        trace.record(said(Step.OFFER, "offered"), mac=MAC)

        assert [event.host for event in trace.recent(host="web01")] == ["web01"]

    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            ("plain wörds", "plain wörds"),
            ("a\nb\x1b[2J\u202e\udcff", "a\\nb\\x1b[2J\\u202e\\udcff"),
            ("x" * 5000, "x" * 999 + "…"),
            ("\n" * 5000, "\\n" * 499 + "\\…"),
        ],
        ids=["plain", "control", "long", "long-control"],
    )
    def test_a_text_is_one_short_line_fit_for_a_terminal(self, text: str, kept: str) -> None:
        trace = Trace()

        trace.record(said(Step.TROUBLE, text))

        assert texts(trace.recent()) == [kept]

    def test_what_a_peer_made_up_is_bounded_in_the_data_too(self) -> None:
        trace = Trace()

        trace.record(said(Step.TROUBLE, "x" * 5000))

        assert trace.recent()[0].data == {"text": "x" * 999 + "…"}

    @pytest.mark.parametrize(
        ("step", "mac", "level"),
        [
            (Step.SILENCE, "02:00:00:00:00:01", logging.DEBUG),
            (Step.SILENCE, MAC, logging.INFO),
            (Step.OFFER, "02:00:00:00:00:01", logging.INFO),
        ],
    )
    def test_the_silence_to_a_stranger_is_no_news(
        self, caplog: pytest.LogCaptureFixture, step: Step, mac: str, level: int
    ) -> None:
        caplog.set_level(logging.DEBUG, logger="pyxie.boot")

        known(MAC).record(said(step, "words"), mac=mac)

        assert [each.levelno for each in caplog.records] == [level]


class TestOfAMachine:
    def test_are_also_those_of_before_it_was_known(self) -> None:
        trace = Trace()
        for mac, host in (
            (MAC, None),
            ("52:54:00:00:00:99", None),
            (MAC, "web01"),
            (None, "web02"),
        ):
            trace.record(said(Step.OFFER, f"{mac} {host}"), mac=mac, host=host)

        assert texts(trace.of_machine("web01", [MAC])) == [f"{MAC} None", f"{MAC} web01"]
        assert texts(trace.of_machine("web01", ())) == [f"{MAC} web01"]


class TestRepeats:
    def test_a_client_that_says_the_same_again_is_recorded_once_in_a_while(self) -> None:
        clock = Clock(100.0)
        trace = Trace(clock=clock, steady=clock)
        for _ in range(3):
            trace.record(said(Step.OFFER, "offered"), mac=MAC)
            clock.now += 8

        assert [each.at for each in trace.recent()] == [100.0, 116.0]

    @pytest.mark.parametrize(
        "what",
        [
            Booting(),
            TemplateFetched(name="preseed"),
            BuildChanged(build=1, state="pending", cause="PUT /build"),
            HookDone(point="prebuild", hook="true", result="exit code 0"),
            HookFailed(point="prebuild", hook="false", result="exit code 1"),
        ],
        ids=lambda what: what.code,
    )
    def test_what_no_client_can_cause_by_itself_counts_each_time(self, what: Kind) -> None:
        trace = known(MAC)
        for _ in range(3):
            trace.record(what, mac=MAC)

        assert [each.what for each in trace.recent()] == [what, what, what]

    @pytest.mark.parametrize("set_by", [YEARS, A_DAY_BACK], ids=["years on", "a day back"])
    def test_count_by_time_that_passes_if_the_clock_is_set(self, set_by: float) -> None:
        passing = Clock(1e9)
        clock = SetClock(passing)
        trace = Trace(clock=clock, steady=passing)
        trace.record(said(Step.OFFER, "offered"), mac=MAC)
        clock.set_by = set_by

        trace.record(said(Step.OFFER, "offered"), mac=MAC)
        assert len(trace.recent()) == 1
        passing.now += 11
        trace.record(said(Step.OFFER, "offered"), mac=MAC)
        assert len(trace.recent()) == 2


class TestGathered:
    async def test_is_made_an_event_a_moment_later_of_the_time_when_it_happened(self) -> None:
        clock = Clock(100.0)
        trace = Trace(clock=clock)
        with trace.follow() as queue:
            trace.gather(said(Step.OFFER, "offered"), MAC, "web01")
            clock.now += 1
            assert queue.empty()

            event = await asyncio.wait_for(queue.get(), 60)

        assert (event.at, event.mac, event.host, event.text) == (100.0, MAC, "web01", "offered")
        assert trace.heard == 100.0

    async def test_is_there_for_whoever_asks_or_records_before(self) -> None:
        trace = known(MAC)
        for at, (host, mac) in enumerate(((None, None), ("web01", None), (None, MAC))):
            trace.gather(said(Step.OFFER, f"offered {at}"), MAC, "web01")
            assert texts(trace.recent(host=host, mac=mac))[-1] == f"offered {at}"
        number = trace.last("web01")

        trace.gather(said(Step.OFFER, "offered"), MAC, "web01")
        assert trace.last("web01") == number + 1
        trace.gather(said(Step.OFFER, "again"), MAC, "web01")
        trace.record(said(Step.LOADER, "sent"), mac=MAC)
        assert texts(trace.recent())[-3:] == ["offered", "again", "sent"]

    async def test_is_behind_until_it_is_made(self) -> None:
        trace = known(MAC)
        assert not trace.is_behind

        trace.gather(said(Step.OFFER, "offered"), MAC, "web01")
        assert trace.is_behind

        trace.settle()
        assert not trace.is_behind

    async def test_is_not_told_to_who_follows_from_now_on(self) -> None:
        trace = known(MAC)
        trace.gather(said(Step.OFFER, "offered"), MAC, "web01")

        with trace.follow() as queue:
            await asyncio.sleep(0.1)
            assert queue.empty()

    async def test_is_no_second_event_if_it_repeats_itself(self) -> None:
        steady = Clock(0.0)
        trace = Trace(steady=steady)
        offered = said(Step.OFFER, "offered")
        for _ in range(2):
            trace.gather(offered, MAC, "web01")
        assert len(trace.recent()) == 1
        for passed, count in ((9.0, 1), (2.0, 2), (0.0, 2)):
            steady.now += passed
            trace.gather(offered, MAC, "web01")
            assert len(trace.recent()) == count

    async def test_is_another_event_if_another_address_says_the_same(self) -> None:
        trace, sent = Trace(), said(Step.SCRIPT, "sent")

        for peer in ("192.0.2.1", "192.0.2.2", "192.0.2.2"):
            trace.gather(sent, MAC, "web01", peer)
        gathered = [each.peer for each in trace.recent()]
        trace.gather(sent, MAC, "web01", "192.0.2.2")

        assert gathered == [each.peer for each in trace.recent()] == ["192.0.2.1", "192.0.2.2"]
        assert trace.heard is None

    async def test_of_a_hall_is_worked_on_in_slices(self) -> None:
        trace = known()
        with trace.follow() as queue:
            for at in range(300):
                trace.gather(said(Step.OFFER, "offered"), MAC, f"web{at:03}")
            found = [(await asyncio.wait_for(queue.get(), 60)).host for _ in range(300)]

        assert found == [f"web{at:03}" for at in range(300)]

    async def test_is_made_at_once_where_there_is_too_much(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(EVENTS_GATHERED, "most", 2)
        trace = known()
        with trace.follow() as queue:
            for at in range(5):
                trace.gather(said(Step.OFFER, "offered"), MAC, f"web{at}")

            assert queue.qsize() == 3
            trace.settle()
            assert queue.qsize() == 5


@dataclass(frozen=True)
class Answered:
    """What an event is made of; a `pyxie.events.event.Told`."""

    host: str
    text: str = "offered"
    mac: str = MAC

    def what(self) -> Kind:
        return said(Step.OFFER, self.text)


class TestGatheredTogether:
    async def test_is_made_an_event_a_moment_later_of_the_time_when_it_happened(self) -> None:
        clock = Clock(100.0)
        trace = Trace(clock=clock)
        with trace.follow() as queue:
            trace.gather_all([Answered("web01"), Answered("web02")])
            clock.now += 1
            assert queue.empty()

            found = [await asyncio.wait_for(queue.get(), 60) for _ in range(2)]

        assert [(event.at, event.host) for event in found] == [(100.0, "web01"), (100.0, "web02")]
        assert trace.heard == 100.0

    async def test_is_there_for_whoever_asks_or_records_before(self) -> None:
        trace = known(MAC)
        for at, (host, mac) in enumerate(((None, None), ("web01", None), (None, MAC))):
            trace.gather_all([Answered("web01", f"offered {at}")])
            assert texts(trace.recent(host=host, mac=mac))[-1] == f"offered {at}"
        number = trace.last("web01")

        trace.gather_all([Answered("web01")])
        assert trace.last("web01") == number + 1
        trace.gather_all([Answered("web01", "again")])
        trace.gather(said(Step.OFFER, "and again"), MAC, "web01")
        trace.record(said(Step.LOADER, "sent"), mac=MAC)
        assert texts(trace.recent())[-4:] == ["offered", "again", "and again", "sent"]

    async def test_is_not_told_to_who_follows_from_now_on(self) -> None:
        trace = known(MAC)
        trace.gather_all([Answered("web01")])

        with trace.follow() as queue:
            await asyncio.sleep(0.1)
            assert queue.empty()

    async def test_of_a_hall_is_worked_on_in_slices(self) -> None:
        trace = known()
        with trace.follow() as queue:
            for at in range(0, 300, 30):
                trace.gather_all([Answered(f"web{each:03}") for each in range(at, at + 30)])
            found = [(await asyncio.wait_for(queue.get(), 60)).host for _ in range(300)]

        assert found == [f"web{at:03}" for at in range(300)]

    async def test_is_made_at_once_where_there_is_too_much(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(EVENTS_GATHERED, "most", 2)
        trace = known()
        with trace.follow() as queue:
            for at in range(6):
                trace.gather_all([Answered(f"web{at}")])

            assert queue.qsize() == 2  # two are told of, and two gathered
            trace.settle()
            assert queue.qsize() == 6


class TestRecent:
    def test_come_in_the_order_in_which_they_happened_if_the_clock_is_set_back(self) -> None:
        clock = Clock(1e9)
        trace = Trace(clock=clock)
        trace.record(said(Step.OFFER, "a"), host="web01")
        clock.now += A_DAY_BACK
        trace.record(said(Step.OFFER, "b"))
        trace.record(said(Step.OFFER, "c"), host="web01")

        assert texts(trace.recent()) == ["a", "b", "c"]

    def test_of_all_come_in_the_order_of_their_times(self) -> None:
        clock = Clock(1.0)
        trace = Trace(clock=clock)
        for text, host in (
            ("a", "web01"),
            ("b", None),
            ("c", "web02"),
            ("d", None),
            ("e", "web01"),
        ):
            trace.record(said(Step.OFFER, text), host=host)
            clock.now += 1

        assert texts(trace.recent()) == ["a", "b", "c", "d", "e"]
        assert texts(trace.recent(host="web01")) == ["a", "e"]
        assert texts(trace.recent(host="web03")) == []

    def test_of_a_nic_come_from_before_it_was_known_too(self) -> None:
        hosts: dict[str, str] = {}
        trace = Trace(hosts.get, clock=Clock(100.0))
        trace.record(said(Step.SILENCE, "stranger"), mac=MAC)
        hosts[MAC] = "web01"
        trace.record(said(Step.OFFER, "known"), mac=MAC)
        trace.record(said(Step.OFFER, "its other NIC"), host="web01")

        assert texts(trace.recent(mac=MAC)) == ["stranger", "known"]
        assert texts(trace.recent(host="web01", mac=MAC)) == ["known"]


class TestBounds:
    """Memory is bounded in every direction."""

    def test_a_flood_of_made_up_macs_pushes_no_machine_out(self) -> None:
        trace = Trace({MAC: "web01"}.get, steady=Clock(0.0))
        trace.record(said(Step.OFFER, "offered"), mac=MAC)
        for n in range(50_000):
            trace.record(
                said(Step.SILENCE, "silence"), mac=f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}"
            )

        assert len(trace.recent()) == 200 + 1
        assert texts(trace.recent(host="web01")) == ["offered"]

    def test_a_flood_of_made_up_macs_is_neither_kept_nor_logged(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "pyxie.boot")
        clock = Clock(0.0)
        trace = Trace(steady=clock)

        for n in range(20_000):
            clock.now = n / 20_000
            trace.record(said(Step.OFFER, "offered"), mac=f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}")
            trace.record(said(Step.TROUBLE, "failed"), peer=f"10.9.{n >> 8}.{n & 255}")
        trace.record(said(Step.BUILD, "what is no client's"))

        assert len(caplog.messages) == 200 + STRANGERS_EVENTS.whole - 1 + 1
        assert len(trace.recent()) == len(caplog.messages)

    def test_unknown_machines_have_a_ring_of_their_own(self) -> None:
        clock = Clock(0.0)
        trace = Trace(steady=clock)
        for n in range(EVENTS_UNKNOWN.whole + 10):
            clock.now += 1
            trace.record(said(Step.OFFER, "offered"), mac=f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}")

        assert len(trace.recent()) == EVENTS_UNKNOWN.whole

    def test_a_machine_has_its_own_newest(self) -> None:
        trace = Trace()
        for n in range(10_000):
            trace.record(said(Step.OFFER, str(n)), host="web01")

        assert texts(trace.recent(host="web01")) == [
            str(n) for n in range(10_000 - EVENTS_OF_MACHINE.whole, 10_000)
        ]

    def test_of_very_many_machines_the_longest_silent_are_forgotten(self) -> None:
        trace = Trace()
        for n in range(EVENTS_MACHINES.whole + 10):
            trace.record(said(Step.OFFER, "offered"), host=f"web{n}")
            trace.record(said(Step.OFFER, "offered"), host="web0")

        assert len(trace._hosts) == EVENTS_MACHINES.whole
        assert texts(trace.recent(host="web1")) == []
        assert texts(trace.recent(host="web0")) != []
        assert len(trace.recent()) <= EVENTS_RECENT.whole + EVENTS_UNKNOWN.whole

    def test_a_follower_that_does_not_read_loses_the_oldest(self) -> None:
        trace = Trace()
        with trace.follow() as queue:
            for n in range(EVENTS_UNREAD.whole + 5):
                trace.record(said(Step.OFFER, str(n)))

            assert queue.qsize() == EVENTS_UNREAD.whole
            assert queue.get_nowait().text == "5"


class TestFollow:
    async def test_all_followers_hear_every_event_until_they_leave(self) -> None:
        trace = Trace()
        with trace.follow() as one:
            with trace.follow() as two:
                trace.record(said(Step.OFFER, "a"))
                assert [(await each.get()).text for each in (one, two)] == ["a", "a"]
            trace.record(said(Step.OFFER, "b"))

            assert (await one.get()).text == "b"
            assert two.empty()

    async def test_waiting_ends_with_the_next_event(self) -> None:
        trace = Trace()
        with trace.follow() as queue:
            waiting = asyncio.create_task(queue.get())
            await asyncio.sleep(0)
            trace.record(said(Step.OFFER, "a"))

            assert (await waiting).text == "a"


class TestProgress:
    def test_is_kept_nowhere_and_logged_for_the_curious_only(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG, logger="pyxie.boot")
        trace = Trace()

        trace.record(progress(7), host="web01")

        assert trace.recent() == []
        assert [each.levelno for each in caplog.records] == [logging.DEBUG]

    def test_is_heard_by_those_who_ask_for_it(self) -> None:
        trace = Trace()
        with trace.follow() as usual, trace.follow(progress=True) as curious:
            trace.record(progress(7))
            trace.record(progress(8))

            assert usual.empty()
            assert [curious.get_nowait().data["sent"] for _ in range(2)] == [7, 8]

    def test_pushes_nothing_out_of_a_backlog(self) -> None:
        trace = Trace()
        with trace.follow(progress=True) as queue:
            for n in range(EVENTS_UNREAD.whole):
                trace.record(said(Step.OFFER, str(n)))
            trace.record(progress(7))

            assert queue.get_nowait().text == "0"
            assert queue.qsize() == EVENTS_UNREAD.whole - 1


def progress(sent: int) -> ImageProgress:
    return ImageProgress(part="kernel", sent=sent, total=None)


class TestSpoken:
    @pytest.mark.parametrize(
        ("host", "mac", "peer", "who"),
        [
            ("web01", MAC, "192.0.2.9", f"web01 ({MAC})"),
            ("web01", None, "192.0.2.9", "web01"),
            (None, MAC, "192.0.2.9", MAC),
            (None, None, "192.0.2.9", "192.0.2.9"),
            (None, None, None, "-"),
        ],
    )
    def test_names_the_machine_as_well_as_it_is_known(
        self, host: str | None, mac: str | None, peer: str | None, who: str
    ) -> None:
        event = Event(at=1.0, what=said(Step.OFFER, "words"), host=host, mac=mac, peer=peer)

        assert spoken(event) == f"{who}: words"
