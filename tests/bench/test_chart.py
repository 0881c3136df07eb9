"""The picture of the figures."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from bench.chart import GOAL, HEAD, MARGIN, NAMES, OTHER, OURS, PEER, ROOM, chart
from bench.contest import at_least, at_most
from bench.figures import rows
from tests.bench.runs import result

SVG = "{http://www.w3.org/2000/svg}"
LEFT = MARGIN + NAMES


def bars(picture: ET.Element) -> list[tuple[str, float]]:
    """Return colour and part of the longest bar's room of each."""
    found = [each.attrib for each in picture.iter(f"{SVG}rect")][1:]
    return [(each["fill"], round(float(each["width"]) / ROOM, 2)) for each in found]


def goals(picture: ET.Element) -> list[float]:
    """Return where the marks of what is wanted stand, as parts of that room."""
    found = [each.attrib for each in picture.iter(f"{SVG}path") if each.get("stroke") == GOAL]
    starts = [float(each["d"].removeprefix("M").split()[0]) for each in found]
    return [round((x - LEFT) / ROOM, 2) for x in starts]


def texts(picture: ET.Element) -> list[str]:
    return [each.text or "" for each in picture.iter(f"{SVG}text")]


class TestAGroup:
    def test_has_a_bar_for_each_side_the_longest_with_all_the_room(self) -> None:
        seen = result(pyxie=[50, 50], dnsmasq=[100, 100], wire=[25, 25])

        picture = ET.fromstring(chart(rows(seen), "today"))

        assert bars(picture) == [(OURS, 0.5), (PEER, 1.0), (OTHER, 0.25)]

    def test_says_what_is_measured_wanted_and_reached(self) -> None:
        seen = result(pyxie=[50, 150], dnsmasq=[100, 100])

        picture = ET.fromstring(chart(rows(seen), "today"))

        assert texts(picture) == [
            "pyxie beside its peers",
            "today",
            "a loader: MB/s, more is better",
            "wanted ≥ 1 times; yes, 1 of 2",
            *("pyxie", "100 ±50%"),
            *("dnsmasq", "100 ±0%"),
        ]

    def test_has_a_mark_where_the_goal_is_which_may_be_beyond_all_bars(self) -> None:
        seen = result(at_least(2, "dnsmasq"), pyxie=[50], dnsmasq=[100])

        picture = ET.fromstring(chart(rows(seen), "today"))

        assert bars(picture) == [(OURS, 0.25), (PEER, 0.5)]
        assert goals(picture) == [1.0]

    def test_without_a_goal_or_a_figure_has_no_mark_and_no_bars(self) -> None:
        seen = result(at_least(2, "atftpd"), pyxie=[0])

        picture = ET.fromstring(chart(rows(seen), "today"))

        assert (bars(picture), goals(picture)) == ([(OURS, 0.0)], [])

    def test_of_what_is_better_small_says_so(self) -> None:
        seen = result(at_most(7, unit="s"), pyxie=[5])

        picture = ET.fromstring(chart(rows(seen), "today"))

        assert "a loader: s, less is better" in texts(picture)


def test_words_of_the_figures_are_no_markup() -> None:
    seen = result(at_least(1, "a", work="<b> & more"), pyxie=[5], a=[1])

    picture = ET.fromstring(chart(rows(seen), "<today>"))

    assert {"<today>", "<b> & more: MB/s, more is better"} <= set(texts(picture))


def test_groups_stand_below_each_other_within_the_picture() -> None:
    seen = result(at_least(1, "a"), at_least(1, "b"), pyxie=[5], a=[1], b=[2])

    picture = ET.fromstring(chart(rows(seen), "today"))

    tops = [float(each.attrib["y"]) for each in picture.iter(f"{SVG}rect") if "y" in each.attrib]
    height = float(picture.attrib["viewBox"].split()[3])
    assert tops == sorted(set(tops))
    assert tops[0] > HEAD
    assert tops[-1] < height
