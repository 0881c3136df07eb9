"""What the screen Images shows of copies: a page of them, and one alone."""

from __future__ import annotations

from typing import Any

import pytest

from pyxie.http.page.copiesview import ROWS, Chosen, copies, one
from pyxie.http.page.imagesview import File, System
from pyxie.imagestore.entry import Entry

NOW = 1000.0
AGAIN = "The next machine that boots it has it fetched again, from a server that has to answer."


def copy(name: str, **more: Any) -> Entry:
    told = {"size": 8_000_000, "digest": f"{name:0>64}", "used": 100.0, "fetched": 100.0}
    url = f"http://m.example/{name}"
    return Entry(**{"key": f"{name:x>64}", "url": url, **told, **more})


DEBIAN = System(
    name="debian-12",
    arch="amd64",
    files=(File(part="kernel", url="http://m.example/a", key=copy("a").key),),
)


class TestAPage:
    @pytest.mark.parametrize(
        ("order", "names"), [("url", "abc"), ("size", "bca"), ("used", "cab"), ("x", "abc")]
    )
    def test_is_sorted_as_it_is_asked_for(self, order: str, names: str) -> None:
        kept = [
            copy("c", size=2, used=1.0),
            copy("a", size=1, used=2.0),
            copy("b", size=3, used=3.0),
        ]

        found = copies(kept, (), Chosen(order=order), NOW)

        assert "".join(row.copy.url[-1] for row in found.rows) == names

    def test_has_what_is_so_called_in_whatever_case(self) -> None:
        found = copies([copy("Linux"), copy("initrd")], (), Chosen(text="LINUX"), NOW)

        assert [row.copy.url for row in found.rows] == ["http://m.example/Linux"]
        assert (found.found, found.pages) == (1, 1)

    @pytest.mark.parametrize(
        ("page", "shown", "first"), [(1, 1, "0000"), (101, 100, "9900"), (0, 1, "0000")]
    )
    def test_is_one_that_there_is_of_ten_thousand(self, page: int, shown: int, first: str) -> None:
        kept = [copy(f"{at:04}") for at in range(10_000)]

        found = copies(kept, [DEBIAN], Chosen(page=page), NOW)

        assert (found.chosen.page, len(found.rows), found.pages) == (shown, ROWS, 100)
        assert found.rows[0].copy.url.endswith(first)

    def test_of_nothing_is_one(self) -> None:
        found = copies([], (), Chosen(page=7), NOW)

        assert (found.rows, found.pages, found.chosen.page) == ((), 1, 1)

    def test_says_which_systems_boot_a_copy(self) -> None:
        found = copies([copy("a"), copy("b")], [DEBIAN], Chosen(), NOW)

        assert [row.named for row in found.rows] == [("debian-12 amd64: kernel",), ()]

    def test_names_a_copy_in_commands_by_its_url(self) -> None:
        (row,) = copies([copy("a")], (), Chosen(), NOW).rows

        assert row.pin == "pyxie images pin http://m.example/a"
        assert row.remove == "pyxie images remove http://m.example/a"
        assert row.verify == "pyxie images verify http://m.example/a"

    def test_names_one_of_several_with_one_url_by_what_only_it_has(self) -> None:
        """A password and a query are shown to nobody."""
        twins = [copy("a"), copy("a", key="y" * 64)]

        rows = copies(twins, (), Chosen(), NOW).rows

        assert {row.remove for row in rows} == {f"pyxie images remove {each.key}" for each in twins}

    def test_lets_a_pinned_one_be_unpinned(self) -> None:
        (row,) = copies([copy("a", pinned=True)], (), Chosen(), NOW).rows

        assert row.pin == "pyxie images unpin http://m.example/a"


class TestOne:
    def test_says_what_is_lost_with_it(self) -> None:
        found = one(copy("a"), [copy("a"), copy("b")], [DEBIAN], (), NOW)

        assert found.held == ""
        assert found.lost == (
            "8.0 MB, fetched 15 min ago, are gone from the disk.",
            AGAIN,
            "It is booted by debian-12 amd64: kernel.",
        )

    def test_loses_nothing_on_disk_where_another_has_the_same(self) -> None:
        same = copy("b", digest=copy("a").digest)

        found = one(copy("a"), [copy("a"), same], (), (), NOW)

        assert found.lost[0] == (
            "Nothing on disk: what was fetched from http://m.example/b is the same 8.0 MB."
        )
        assert len(found.lost) == 2

    @pytest.mark.parametrize(
        ("pinned", "hosts", "held"),
        [
            (True, ("web01",), "It is pinned: unpin it first."),
            (
                False,
                ("web01",),
                "web01 in build mode may boot it yet: cancel that first, or wait.",
            ),
            (
                False,
                ("web01", "web02", "web03"),
                "web01 and 2 more in build mode may boot it yet: cancel that first, or wait.",
            ),
        ],
    )
    def test_says_who_needs_it(self, pinned: bool, hosts: tuple[str, ...], held: str) -> None:
        entry = copy("a", pinned=pinned)

        assert one(entry, [entry], (), hosts, NOW).held == held
