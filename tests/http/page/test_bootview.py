"""What happened to a machine, by its boots, and why it does not go on."""

from __future__ import annotations

from pyxie.diagnosis.course import Stage
from pyxie.diagnosis.finding import Diagnosis, Standing
from pyxie.diagnosis.findings import DhcpOff
from pyxie.diagnosis.saying import Said
from pyxie.events.datagrams import NotAnswered
from pyxie.events.event import Event
from pyxie.events.kind import Kind
from pyxie.events.kinds import Booting, BuildChanged, ImageFailed, ImageFetching, ScriptSent
from pyxie.http.page.bootview import CAME, EVENTS_SHOWN, Happened, Past, boots, past, why
from pyxie.http.page.spokentimes import ago, since

NOW = 1_000_000.0
MAC = "52:54:00:12:34:56"


def event(what: Kind, before: float) -> Event:
    return Event(at=NOW - before, what=what, mac=MAC, host="web01", peer="192.0.2.7")


BEGUN = BuildChanged(build=1, state="pending", cause="begun", reason="", again=False)


class TestWhatHappened:
    def test_is_told_by_boots_the_newest_first(self) -> None:
        begun = event(BEGUN, 500)
        first = [event(ScriptSent(), 400), event(Booting(), 300)]
        second = [event(ScriptSent(), 60)]

        newest, oldest, before = boots([begun, *first, *second], NOW)

        assert (newest.came, newest.at) == ("asked for its script", ago(NOW - 60, NOW))
        assert (oldest.came, len(oldest.events)) == ("started its kernel", 2)
        assert oldest.until == ago(NOW - 300, NOW)
        assert before.came == ""
        assert newest.events[0] == Happened(
            ago(NOW - 60, NOW), "script", second[0].text, f"{MAC} at 192.0.2.7"
        )

    def test_is_nothing_where_nothing_was_heard(self) -> None:
        assert boots([], NOW) == ()

    def test_in_one_boot_is_the_newest_of_it_where_it_is_much(self) -> None:
        many = [event(ScriptSent(), 500 - at) for at in range(EVENTS_SHOWN + 3)]

        (boot,) = boots(many, NOW)

        assert len(boot.events) == EVENTS_SHOWN
        assert boot.left_out == 3

    def test_names_the_file_that_did_not_come(self) -> None:
        failed = ImageFailed(part="initrd 1", source="http://a/initrd", why="x")
        fetching = ImageFetching(part="kernel")

        (boot,) = boots([event(ScriptSent(), 60), event(fetching, 50), event(failed, 40)], NOW)
        assert boot.came == "could not fetch its initrd 1"
        (boot,) = boots([event(failed, 60), event(fetching, 50), event(ScriptSent(), 40)], NOW)
        assert boot.came == "began to fetch what it boots"

    def test_of_an_ipxe_that_tries_again_is_one_boot(self) -> None:
        failed = ImageFailed(part="kernel", source="http://a/linux", why="x")
        tries = [(ScriptSent(), 90), (failed, 89), (ScriptSent(), 30), (failed, 29)]

        (boot,) = boots([event(what, before) for what, before in tries], NOW)

        assert len(boot.events) == 4

    def test_has_words_for_each_stage(self) -> None:
        assert set(CAME) == set(Stage)


class TestAPage:
    def test_that_is_full_has_another_behind_it(self) -> None:
        rows = [{"id": 200 - at, **event(BEGUN, 1).members()} for at in range(EVENTS_SHOWN)]

        assert past(rows, NOW).before == 101
        assert past(rows[:1], NOW) == Past((boots([event(BEGUN, 1)], NOW)[0].events[0],), None)


class TestADiagnosis:
    def test_is_shown_with_what_to_try_and_what_it_rests_on(self) -> None:
        evidence = event(NotAnswered(reason="r", detail="d"), 40)
        found = Diagnosis(what=DhcpOff(), since=NOW - 90, evidence=(evidence,))
        words = Said("It was never\x1b seen.", ("Switch it on.",), "a look at its screen")

        shown = why(found, words, [("ISC DHCP", ["next-server x;", "filename y;"])], NOW)

        assert shown.sentence == "It was never\ufffd seen."
        assert (shown.standing, shown.code) == (str(found.standing), found.code)
        assert shown.steps == ("Switch it on.",)
        assert shown.since == since(NOW - 90, NOW)
        assert shown.remedies == (("ISC DHCP", "next-server x;\nfilename y;"),)
        assert [each.text for each in shown.evidence] == [evidence.text]

    def test_has_a_look_for_each_standing(self) -> None:
        found = Diagnosis(what=DhcpOff())

        shown = why(found, Said("x"), [], NOW)

        assert shown.look == {Standing.STUCK: "is-bad", Standing.WAITING: "is-busy"}.get(
            found.standing, "is-ok"
        )
        assert shown.since is None
