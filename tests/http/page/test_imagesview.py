"""What the screen Images shows of systems, of what is on its way, and of the store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pyxie.http.page.imagesview import (
    Coming,
    File,
    System,
    begun_said,
    coming_rows,
    store_of,
    system_rows,
    systems_found,
)
from pyxie.imagestore.entry import Entry

KERNEL = File(part="kernel", url="http://m.example/linux", key="k" * 64)
INITRD = File(part="initrd 0", url="http://m.example/initrd.gz", key="i" * 64)
DEBIAN = System(
    name="debian-12",
    title="Debian 12",
    docs="https://www.debian.org/",
    arch="amd64",
    seen=("2026-11-20", "QEMU"),
    files=(KERNEL, INITRD),
)


def copy_of(file: File, **more: object) -> Entry:
    known = {"size": 8_000_000, "digest": file.key[0] * 64, "verified": "SHA256SUMS"}
    told = {"fetched": 100.0, "checked": 100.0, "used": 100.0} | known | more
    return Entry(key=file.key, url=file.url, **told)  # type: ignore[arg-type]


def kept(*entries: Entry) -> dict[str, Entry]:
    return {each.key: each for each in entries}


class TestASystem:
    @pytest.mark.parametrize(
        ("entries", "state", "look"),
        [
            ((), "not on disk", "is-idle"),
            ((copy_of(KERNEL),), "1 of 2 files on disk", "is-idle"),
            ((copy_of(KERNEL), copy_of(INITRD)), "on disk", "is-ok"),
        ],
    )
    def test_says_whether_its_files_are_on_disk(
        self, entries: tuple[Entry, ...], state: str, look: str
    ) -> None:
        (row,) = system_rows([DEBIAN], kept(*entries), (), 160.0)

        assert (row.state, row.look) == (state, look)
        assert row.size == 8_000_000 * len(entries)
        assert row.fetch == "pyxie images fetch --arch amd64 debian-12"

    def test_says_by_what_its_files_were_found_right_and_when_the_oldest_was_fetched(self) -> None:
        newer = copy_of(INITRD, fetched=150.0, verified="SHA256SUMS, signed by 4CB5")
        (row,) = system_rows([DEBIAN], kept(copy_of(KERNEL), newer), (), 160.0)

        assert row.by == ("SHA256SUMS", "SHA256SUMS, signed by 4CB5")
        assert row.fetched is not None
        assert row.fetched.said == "60 s ago"

    def test_is_not_verified_where_one_of_its_files_is_not(self) -> None:
        (row,) = system_rows(
            [DEBIAN], kept(copy_of(KERNEL), copy_of(INITRD, verified="")), (), 160.0
        )

        assert row.by == ()

    def test_counts_one_content_once(self) -> None:
        same = copy_of(INITRD, digest="k" * 64)
        (row,) = system_rows([DEBIAN], kept(copy_of(KERNEL), same), (), 160.0)

        assert row.size == 8_000_000

    @pytest.mark.parametrize(
        ("state", "said"),
        [("waiting", "on its way"), ("fetching", "on its way"), ("failed", "not on disk")],
    )
    def test_is_on_its_way_while_a_file_of_its_is(self, state: str, said: str) -> None:
        coming = Coming(key=KERNEL.key, url=KERNEL.url, state=state)
        (row,) = system_rows([DEBIAN], {}, (coming,), 160.0)

        assert row.state == said

    def test_of_files_of_ones_own_has_nothing_to_fetch(self) -> None:
        own = System(name="own", arch="amd64", needs="its kernel")
        (row,) = system_rows([own], {}, (), 160.0)

        assert (row.state, row.can_fetch, row.fetch) == ("files of yours", False, "")
        assert (row.size, row.fetched) == (0, None)

    def test_that_is_broken_says_so(self) -> None:
        (row,) = system_rows([System(name="own", problem="own.yaml:1:1: x")], {}, (), 160.0)

        assert (row.state, row.look, row.can_fetch) == ("broken", "is-bad", False)

    @pytest.mark.parametrize(
        ("docs", "link"),
        [("https://x.example/", "https://x.example/"), ("javascript:alert(1)", ""), ("", "")],
    )
    def test_links_to_nothing_but_a_page(self, docs: str, link: str) -> None:
        rows = system_rows([System(name="own", arch="amd64", docs=docs)], {}, (), 160.0)
        (group,) = systems_found(rows, "").groups

        assert group.docs == link


class TestSystems:
    def test_are_one_line_for_all_architectures(self) -> None:
        arm = replace(DEBIAN, arch="arm64", seen=None)
        own = System(name="own", problem="own.yaml:1:1: x")
        found = systems_found(system_rows([DEBIAN, arm, own], {}, (), 160.0), "")

        assert [(each.name, len(each.rows)) for each in found.groups] == [
            ("debian-12", 2),
            ("own", 1),
        ]
        assert (found.of, found.command) == (2, "pyxie images fetch --arch amd64 debian-12")
        assert found.groups[1].problem == "own.yaml:1:1: x"

    @pytest.mark.parametrize(
        ("find", "names"),
        [
            ("BOOK", ["debian-12"]),
            (" 13 ", ["debian-13"]),
            ("trixie", ["debian-13"]),
            ("x", ["debian-13"]),
            ("no", []),
        ],
    )
    def test_are_found_by_a_part_of_name_or_title(self, find: str, names: list[str]) -> None:
        other = System(name="debian-13", title="Trixie", arch="amd64")
        rows = system_rows([replace(DEBIAN, title="Bookworm"), other], {}, (), 160.0)

        found = systems_found(rows, find)

        assert [each.name for each in found.groups] == names
        assert (found.find, found.of) == (find.strip(), 2)


class TestOnItsWay:
    def test_is_told_how_far_it_is_and_what_ends_it(self) -> None:
        coming = Coming(key=KERNEL.key, url=KERNEL.url, by="debian-12 amd64", there=3, size=8)
        (row,) = coming_rows([coming])

        assert (row.percent, row.look, row.id) == (37, "is-busy", f"coming-{'k' * 12}")
        assert row.cancel == "pyxie images cancel http://m.example/linux"

    def test_has_no_percentage_where_its_size_is_not_known(self) -> None:
        (row,) = coming_rows([Coming(key=KERNEL.key, url=KERNEL.url, there=3)])

        assert row.percent is None

    @pytest.mark.parametrize(("state", "look"), [("fetched", "is-ok"), ("failed", "is-bad")])
    def test_cannot_be_ended_once_it_has(self, state: str, look: str) -> None:
        (row,) = coming_rows([Coming(key=KERNEL.key, url=KERNEL.url, state=state)])

        assert (row.look, row.cancel) == (look, "")

    def test_stays_at_its_place(self) -> None:
        coming = [Coming(key=each * 64, url=f"http://m.example/{each}") for each in "cab"]

        assert [row.file.url[-1] for row in coming_rows(coming)] == ["c", "a", "b"]


class TestAFetchThatBegan:
    @pytest.mark.parametrize(
        ("files", "said"),
        [
            (0, "debian-12 amd64 names no file of another server's: nothing is fetched."),
            (1, "1 file of debian-12 amd64 is being fetched."),
            (4, "4 files of debian-12 amd64 are being fetched."),
        ],
    )
    def test_is_not_said_to_have_succeeded(self, files: int, said: str) -> None:
        assert begun_said("debian-12 amd64", files) == said


class TestTheStore:
    def test_says_how_much_of_it_is_taken(self) -> None:
        found = store_of([copy_of(KERNEL), copy_of(INITRD)], 20_000_000, 7, "")

        assert (found.files, found.size, found.percent, found.free) == (2, 16_000_000, 80, 7)

    def test_may_be_of_no_size(self) -> None:
        assert store_of([], 0, None, "no images are kept").percent == 0

    def test_is_never_more_than_full(self) -> None:
        assert store_of([copy_of(KERNEL)], 1, None, "").percent == 100
