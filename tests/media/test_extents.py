"""What lies on a medium: by name, by links, and never outside it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie import bounds
from pyxie.errors import NotServedError
from pyxie.media.extents import (
    File,
    Folder,
    Link,
    MediumError,
    Tree,
    is_name,
    merged,
    read,
    written,
)

INDEX = [
    "boot\tfolder\t",
    "boot/Vmlinuz\tfile\t2048+100",
    "boot/initrd\tfile\t4096+10,4106+20,8192+5",
    "empty\tfile\t",
    "pool/main/a.deb\tfile\t0+1",
    "current\tlink\tpool/main",
    "latest\tlink\tcurrent/../main/./a.deb",
    "itself\tlink\t.",
    "up\tlink\t../etc/passwd",
    "deep/up\tlink\t../../../etc/passwd",
    "absolute\tlink\t/etc/passwd",
    "circle\tlink\tcircle2",
    "circle2\tlink\tcircle",
    "nowhere\tlink\tgone",
]


@pytest.fixture
def tree() -> Tree:
    return read(INDEX, 10_000)


class TestAName:
    @pytest.mark.parametrize(
        "name",
        ["pool/main/a.deb", "current/a.deb", "latest", "itself/itself/latest", "POOL/Main/A.DEB",
         "/pool//main/./a.deb", "pool/../pool/main/a.deb"],
    )  # fmt: skip
    def test_leads_to_a_file(self, tree: Tree, name: str) -> None:
        assert tree.find(name) == File(((0, 1),))
        assert tree.real(name) == "pool/main/a.deb"
        assert tree.holds(name)

    @pytest.mark.parametrize("name", ["boot", "boot/", "itself/boot", "", "/"])
    def test_leads_to_a_folder(self, tree: Tree, name: str) -> None:
        assert isinstance(tree.find(name), Folder)
        assert not tree.holds(name)

    @pytest.mark.parametrize("name", ["up", "deep/up", "absolute", "..", "boot/../../boot"])
    def test_never_leads_outside(self, tree: Tree, name: str) -> None:
        with pytest.raises(NotServedError, match="leads out of the medium"):
            tree.find(name)

    @pytest.mark.parametrize("name", ["gone", "nowhere", "boot/gone", "empty/more", "latest/x"])
    def test_of_nothing_is_told(self, tree: Tree, name: str) -> None:
        with pytest.raises(NotServedError, match=f"{name}: no such file"):
            tree.find(name)

        assert not tree.holds(name)

    def test_of_links_that_lead_a_long_way_has_an_end(self) -> None:
        way = "a/../" * 800
        links = [f"l{at}\tlink\t{way}l{at + 1}" for at in range(20)]
        tree = read(["a\tfolder\t", *links, "l20\tfile\t0+1"], 10)

        with pytest.raises(NotServedError, match="l0: leads too long a way"):
            tree.find("l0")
        assert tree.find("l19") == File(((0, 1),))

    def test_of_a_link_that_no_system_has_is_none(self) -> None:
        tree = read([f"link\tlink\t{'./' * 2_000}{'x' * 97}"], 10)

        assert not tree.root.names

    def test_of_links_in_a_circle_has_an_end(self, tree: Tree) -> None:
        with pytest.raises(NotServedError, match="circle: is a link that leads in circles"):
            tree.find("circle")

    def test_in_its_own_letter_case_comes_first(self) -> None:
        tree = read(["a\tfile\t0+1", "A\tfile\t0+2", "B\tfile\t0+3", "b\tfile\t0+4"], 10)

        found = [tree.find(name) for name in "aAbB"]

        assert [each.size for each in found if isinstance(each, File)] == [1, 2, 4, 3]


class TestAFile:
    def test_is_where_its_bytes_are(self, tree: Tree) -> None:
        found = tree.find("boot/initrd")

        assert found == File(((4096, 30), (8192, 5)))
        assert isinstance(found, File)
        assert found.size == 35

    def test_may_be_empty(self, tree: Tree) -> None:
        assert tree.find("empty") == File(())

    def test_is_met_on_a_walk_once(self, tree: Tree) -> None:
        assert sorted(name for name, _ in tree.files()) == [
            "boot/Vmlinuz",
            "boot/initrd",
            "empty",
            "pool/main/a.deb",
        ]


class TestAnIndex:
    @pytest.mark.parametrize("node", [File(((1, 2), (5, 9))), File(()), Link("a/b"), None])
    def test_is_read_as_it_was_written(self, node: File | Link | None) -> None:
        tree = read([written("a/b", node)], 100)

        folder = tree.find("a")
        assert isinstance(folder, Folder)
        assert folder.names["b"] == (Folder() if node is None else node)

    @pytest.mark.parametrize(
        ("line", "why"),
        [
            ("a\tfile\t9999+2", "has a file that ends beyond it: 'a'; is it whole?"),
            ("a\tfile\t1+x", "has a file that is nowhere: 'a'"),
            ("a\tfile\t-1+5", "has a file that is nowhere: 'a'"),
            ("a\tfile\t" + "1" * 50, "has a file that is nowhere: 'a'"),
            ("a\tfile\t" + ",".join(["1+1"] * 65), "has a file that ends beyond it: 'a'"),
            ("../a\tfile\t", "has a folder whose name cannot be: '..'"),
            ("..\tfile\t", "has a file whose name cannot be: '..'"),
            ("a\x1b\tfile\t", "has a file whose name cannot be: 'a\\x1b'"),
            ("a\tpipe\t", "has what is neither file nor folder: 'a'"),
            ("a", "has what is neither file nor folder: 'a'"),
            ("a/" * 70 + "a\tfile\t", "has over 64 folders within each other"),
        ],
    )
    def test_that_cannot_be_is_refused(self, line: str, why: str) -> None:
        with pytest.raises(MediumError) as caught:
            read([line], 10_000)

        assert str(caught.value).startswith(why)

    def test_that_is_too_long_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bounds.MEDIUM_ENTRIES, "most", 2)

        with pytest.raises(MediumError, match="has over 2 files and folders"):
            read(["a\tfile\t", "b\tfile\t", "c\tfile\t"], 10)

    def test_keeps_the_first_of_two_alike(self) -> None:
        tree = read(["a\tfile\t0+1", "a\tfile\t0+2", "a/b\tfile\t0+3"], 10)

        assert tree.find("a") == File(((0, 1),))


def test_runs_that_touch_are_one() -> None:
    assert merged([(0, 0), (5, 5), (10, 1), (12, 1), (13, 0)]) == ((5, 6), (12, 1))


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "a\0", "a\n", "ä" * 128])
def test_what_is_no_name(name: str) -> None:
    assert not is_name(name)


class TestForAnyIndex:
    @given(st.lists(st.text(max_size=40) | st.sampled_from(INDEX)), st.text(max_size=30))
    def test_nothing_else_is_raised_and_nothing_leads_outside(
        self, lines: list[str], name: str
    ) -> None:
        try:
            tree = read(lines, 10_000)
            found = tree.find(name)
        except (MediumError, NotServedError):
            return
        if isinstance(found, File):
            assert all(start >= 0 and start + size <= 10_000 for start, size in found.extents)
