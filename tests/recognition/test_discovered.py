"""Unknown machines: what is kept of them, and how much."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.bounds import DISCOVERED
from pyxie.events.event import Event
from pyxie.events.kinds import Discovered, MenuShown
from pyxie.recognition.discovered import FIELDS, DiscoveredMachines, Whereabouts

MAC = "52:54:00:00:00:01"


class TestRestored:
    def test_is_what_was_reported_before_the_start(self) -> None:
        strangers = DiscoveredMachines()

        strangers.restore(Event(at=5.0, mac=MAC, what=Discovered(reported={"vendor": "QEMU"})))
        strangers.restore(Event(at=6.0, mac="52:54:00:00:00:02", what=MenuShown()))
        strangers.restore(Event(at=6.0, what=Discovered(reported={"vendor": "x"})))

        (found,) = strangers.all()
        assert (found.mac, found.last, dict(found.fields)) == (MAC, 5.0, {"vendor": "QEMU"})
        assert strangers.note(MAC, 6.0, {}, moment=0.0), "how long ago that was is not known"


class TestHeard:
    @pytest.mark.parametrize(
        "uuid",
        ["00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"],
    )
    def test_of_firmware_without_a_uuid_has_none(self, uuid: str) -> None:
        """SMBIOS 3.7, section 7.2.1."""
        strangers = DiscoveredMachines()

        strangers.note(MAC, 1.0, {"uuid": uuid, "serial": "0"}, moment=1.0)

        (found,) = strangers.all()
        assert dict(found.fields) == {"serial": "0"}

    def test_what_is_told_later_is_added(self) -> None:
        strangers = DiscoveredMachines()

        strangers.note(MAC, 1.0, {"uuid": "u", "vendor": ""}, moment=1.0)
        strangers.note(MAC, 2.0, {"vendor": " QEMU\n", "nonsense": "x"}, moment=2.0)

        (found,) = strangers.all()
        assert (found.first, found.last, dict(found.fields)) == (
            1.0,
            2.0,
            {"uuid": "u", "vendor": "QEMU"},
        )
        assert strangers.of(MAC) is found

    def test_where_it_is_stays_until_another_place_is_told(self) -> None:
        strangers, here = DiscoveredMachines(), Whereabouts("eth0", "192.0.2.0/24")
        there = Whereabouts("eth0", "203.0.113.1", relay="203.0.113.1", port="ge-0/0/1")

        strangers.note(MAC, 1.0, {}, moment=1.0)
        assert strangers.all()[0].where is None
        strangers.note(MAC, 2.0, {}, here, moment=2.0)
        strangers.note(MAC, 3.0, {"vendor": "QEMU"}, moment=3.0)
        assert strangers.all()[0].where == here
        strangers.note(MAC, 4.0, {}, there, moment=4.0)
        assert strangers.all()[0].where == there

    def test_it_is_news_once_in_ten_minutes(self) -> None:
        strangers = DiscoveredMachines()

        assert [
            strangers.note(MAC, now, {}, moment=now) for now in (0.0, 599.0, 1000.0, 1600.0)
        ] == [
            True,
            False,
            False,
            True,
        ]

    def test_it_is_news_by_time_that_passes_if_the_clock_is_set(self) -> None:
        strangers = DiscoveredMachines()

        assert strangers.note(MAC, 1e9, {}, moment=0.0)
        assert not strangers.note(MAC, 9e9, {}, moment=599.0)
        assert strangers.note(MAC, 1.0, {}, moment=1199.0)

    def test_a_thousand_are_kept_and_the_most_silent_goes_first(self) -> None:
        strangers = DiscoveredMachines()
        strangers.note("first", 0.0, {}, moment=0.0)
        strangers.note("second", 0.0, {}, moment=0.0)
        strangers.note("first", 1.0, {}, moment=1.0)

        for at in range(999):
            strangers.note(str(at), 2.0, {}, moment=2.0)
        strangers.note("last", 2.0, {}, moment=2.0)

        assert len(strangers.all()) == 1001
        assert strangers.of("second") is None
        assert [each.mac for each in strangers.all()][0::1000] == ["first", "last"]

    def test_those_that_are_made_up_drive_out_none_that_asks_again(self) -> None:
        strangers, before = DiscoveredMachines(), DISCOVERED.times
        strangers.note("there", 0.0, {"uuid": "u"}, moment=0.0)
        strangers.note("there", 4.0, {}, moment=4.0)
        strangers.note("twice at once", 4.0, {}, moment=4.0)
        strangers.note("twice at once", 4.0, {}, moment=4.0)

        for at in range(5000):
            strangers.note(str(at), 5.0, {}, moment=5.0)
        strangers.note("there", 6.0, {}, moment=6.0)

        assert strangers.of("twice at once") is None
        assert (len(strangers.macs()), strangers.macs()[-1]) == (1001, "there")
        found = strangers.of("there")
        assert found is not None
        assert (found.first, found.last, dict(found.fields)) == (0.0, 6.0, {"uuid": "u"})
        assert DISCOVERED.times == before + 4001

    @given(st.dictionaries(st.sampled_from([*FIELDS, "x"]), st.text()))
    def test_nothing_that_is_told_is_long_or_breaks_a_line(self, told: dict[str, str]) -> None:
        strangers = DiscoveredMachines()

        strangers.note(MAC, 0.0, told, moment=0.0)

        for value in strangers.all()[0].fields.values():
            assert 0 < len(value) <= 200
            assert value.isprintable()
