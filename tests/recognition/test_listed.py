"""Whether others are known than before shows at a glance."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from pyxie.recognition.listed import Listing

MACS = [f"52:54:00:00:00:0{at}" for at in range(4)]
A, B, C, D = MACS


class Files:
    """Machine files with these MACs."""

    def __init__(self, *macs: str) -> None:
        self._macs = macs

    def claimed(self, mac: str) -> bool:
        return mac in self._macs

    def macs(self) -> Iterator[str]:
        return iter(self._macs)


def test_lists_those_of_files_and_those_beside_them() -> None:
    assert sorted(Listing().of(Files(A, B), [B, C])) == [A, B, C]


def test_is_the_same_while_who_is_built_has_a_file() -> None:
    files, listing = Files(A, B), Listing()
    before = listing.of(files, [C])

    assert listing.of(files, [A, C]) is before
    assert listing.of(files, [B, C, A]) is before


def test_is_another_when_there_is_one_beside_them_or_one_less() -> None:
    files, listing = Files(A), Listing()
    before = listing.of(files, [C])

    more = listing.of(files, [C, D])
    less = listing.of(files, [D])

    assert len({id(each) for each in (before, more, less)}) == 3
    assert [set(each) for each in (before, more, less)] == [{A, C}, {A, C, D}, {A, D}]


def test_is_another_when_files_have_changed() -> None:
    listing = Listing()
    before = listing.of(Files(A), [B])

    assert listing.of(Files(A), [B]) is not before


@given(
    st.lists(
        st.tuples(st.sampled_from([Files(), Files(A), Files(A, B)]), st.sets(st.sampled_from(MACS)))
    )
)
def test_says_the_same_as_one_that_keeps_nothing(asked: list[tuple[Files, set[str]]]) -> None:
    listing = Listing()
    for files, others in asked:
        assert set(listing.of(files, others)) == {*files.macs(), *others}
