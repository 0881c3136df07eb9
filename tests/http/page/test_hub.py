"""What has changed on one screen, for all pages that show it."""

from __future__ import annotations

from pyxie.bounds import PAGE_KEPT, PAGE_REGIONS, PAGE_SAID
from pyxie.http.page.hub import Hub, Numbers, Work


def hub(*, every: float = 0.1, regions: int = 100, kept: int = 1000) -> Hub:
    return Hub(Numbers("e"), every, regions=regions, kept=kept)


def changed(made: Hub, now: float = 0.0, **regions: str) -> bool:
    """Have regions touched and rendered."""
    made.touch(regions)
    assert made.take(now) is not None
    return made.made(regions)


class TestNumbers:
    def test_are_of_all_hubs_and_say_where_a_page_stands(self) -> None:
        numbers = Numbers("e")

        first, second = Hub(numbers, 0.1), Hub(numbers, 0.1)

        assert (first.number, second.number) == (1, 2)
        assert str(numbers.place) == "e-2"


class TestWhatIsTouched:
    def test_is_rendered_once_however_often_it_was_touched(self) -> None:
        made = hub()
        made.touch({"a", "b"})
        made.touch({"b", "c"})

        assert made.take(5.0) == Work(frozenset("abc"), whole=False)
        assert made.take(9.0) is None

    def test_is_due_at_once_and_then_ten_times_a_second(self) -> None:
        made = hub(every=0.1)
        assert made.due is None

        made.touch({"a"})
        assert made.due == 0.0
        made.take(5.0)
        made.touch({"a"})

        assert made.due == 5.1
        assert made.take(5.05) is None
        assert made.take(5.1) == Work(frozenset("a"), whole=False)

    def test_waits_for_longer_where_it_takes_long(self) -> None:
        made = hub(every=0.1)
        made.touch({"a"})
        made.take(5.0)

        made.made({"a": "1"})
        made.took(0.05, 5.06)
        made.touch({"a"})

        assert made.due == 5.06 + 10 * 0.05

    def test_and_looks_as_before_is_sent_to_nobody(self) -> None:
        made = hub()
        assert changed(made, 1.0, a="<p>1")
        at = made.number

        assert not changed(made, 2.0, a="<p>1")

        assert made.number == at
        assert made.since(at) == b""

    def test_and_is_more_than_is_kept_makes_the_screen_be_sent_whole(self) -> None:
        made, before = hub(regions=3), PAGE_REGIONS.times
        at = made.number

        made.touch({"a", "b", "c", "d"})

        assert made.take(1.0) == Work(frozenset(), whole=True)
        assert made.since(at) is None
        assert PAGE_REGIONS.times == before + 1

    def test_and_could_not_be_rendered_is_tried_again(self) -> None:
        made = hub()
        made.touch({"a"})
        made.ask_whole()
        work = made.take(5.0)
        assert work is not None

        made.again(work, 10.0)

        assert made.due == 10.0
        assert made.take(10.0) == Work(frozenset("a"), whole=True)


class TestAPage:
    def test_is_given_what_came_after_the_change_that_it_has(self) -> None:
        made = hub()
        start = made.number
        changed(made, 1.0, a="<p>1", b="<p>2")
        middle = made.number
        changed(made, 2.0, b="<p>3")

        assert made.since(start) == (
            b'id: e-3\ndata: <template><p hx-swap-oob="true">1</template>'
            b'<template><p hx-swap-oob="true">3</template>\n\n'
        )
        assert made.since(middle) == (
            b'id: e-3\ndata: <template><p hx-swap-oob="true">3</template>\n\n'
        )
        assert made.since(made.number) == b""

    def test_has_what_changed_last_put_in_place_last(self) -> None:
        made = hub()
        start = made.number
        changed(made, 1.0, row="<p>1", list="<p>old")
        changed(made, 2.0, row="<p>new")

        sent = made.since(start)

        assert sent is not None
        assert sent.index(b"old") < sent.index(b"new")

    def test_that_is_slow_costs_nothing_but_what_the_screen_looks_like(self) -> None:
        made = hub()
        start = made.number
        for at in range(1000):
            changed(made, float(at), bar=f"<p>{at}")

        sent = made.since(start)

        assert sent is not None
        assert sent.count(b"<p") == 1
        assert b">999<" in sent

    def test_shares_what_is_sent_with_all_that_stand_where_it_does(self) -> None:
        made = hub()
        start = made.number
        changed(made, 1.0, a="<p>1")

        assert made.since(start) is made.since(start)

    def test_of_before_its_hub_has_the_screen_anew(self) -> None:
        numbers = Numbers("e")
        opened = numbers.last
        made = Hub(numbers, 0.1)

        assert made.since(opened) is None
        assert made.whole is None
        made.ask_whole()
        assert made.due == 0.0
        assert made.take(1.0) == Work(frozenset(), whole=True)
        made.made({}, {"all": "<p>1"})

        assert made.whole == b'id: e-1\ndata: <template><p hx-swap-oob="true">1</template>\n\n'
        assert made.since(made.number) == b""

    def test_that_wants_it_while_it_is_rendered_waits_for_that(self) -> None:
        made = hub()
        made.ask_whole()
        made.take(1.0)

        made.ask_whole()

        assert made.due is None
        made.made({}, {"all": "<p>1"})
        made.ask_whole()
        assert made.due is not None

    def test_that_has_a_number_of_another_hub_since_lacks_nothing(self) -> None:
        numbers = Numbers("e")
        made, other = Hub(numbers, 0.1), Hub(numbers, 0.1)
        changed(other, 1.0, a="<p>1")

        assert made.since(numbers.last) == b""

    def test_has_the_screen_anew_once_nobody_knows_what_has_changed(self) -> None:
        numbers = Numbers("e")
        made, other = Hub(numbers, 0.1), Hub(numbers, 0.1)
        changed(other, 1.0, a="<p>1")
        at = numbers.last

        made.lose()

        assert made.since(at) is None
        assert made.take(1.0) == Work(frozenset(), whole=True)

    def test_has_no_screen_of_before_a_change(self) -> None:
        made = hub()
        made.ask_whole()
        made.take(1.0)
        made.made({}, {"all": "<p>1"})

        changed(made, 2.0, a="<p>1")

        assert made.whole is None


class TestWhatIsKept:
    def test_is_bounded_in_number_and_who_is_behind_has_the_screen_anew(self) -> None:
        made, before = hub(regions=2), PAGE_REGIONS.times
        start = made.number
        changed(made, 1.0, a="<p>1")
        first = made.number
        changed(made, 2.0, b="<p>2")
        changed(made, 3.0, c="<p>3")

        assert made.since(start) is None
        assert made.since(first) is not None
        assert PAGE_REGIONS.times == before + 1

    def test_is_bounded_in_letters(self) -> None:
        made, before = hub(kept=8), PAGE_KEPT.times
        start = made.number
        changed(made, 1.0, a="<p>1")
        changed(made, 2.0, b="<p>2")
        assert made.since(start) is not None

        changed(made, 3.0, c="<p>3")

        assert made.since(start) is None
        assert PAGE_KEPT.times == before + 1

    def test_has_the_last_change_whole(self) -> None:
        made = hub(kept=1)
        start = made.number

        changed(made, 1.0, a="<p>long")

        assert made.since(start) is not None


class TestWhatIsSaid:
    def test_is_heard_at_once_and_then_one_sentence_in_five_seconds(self) -> None:
        made, before = hub(), PAGE_SAID.times
        start = made.number
        made.say("linux001 is installed", 10.0)
        assert made.due == 10.0
        assert made.speak(10.0)
        assert made.since(start) == b"id: e-2\nevent: said\ndata: linux001 is installed\n\n"
        heard = made.number

        made.say("linux002 is installed", 11.0)
        made.say("linux003 is installed", 12.0)
        assert made.due == 10.0 + PAGE_SAID.most
        assert not made.speak(14.9)
        assert made.speak(15.0)

        assert made.since(heard) == (
            b"id: e-3\nevent: said\ndata: linux003 is installed (and 1 more)\n\n"
        )
        assert PAGE_SAID.times == before + 1
        assert not made.speak(16.0)

    def test_is_not_told_again_to_who_has_heard_it(self) -> None:
        made = hub()
        made.say("linux001 is installed", 10.0)
        made.speak(10.0)
        heard = made.number

        changed(made, 11.0, a="<p>1")

        sent = made.since(heard)
        assert sent is not None
        assert b"said" not in sent
