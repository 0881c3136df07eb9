"""Large pieces are for clients that take them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pyxie.bounds import IMAGE_LARGE
from pyxie.images.pieces import LARGE, PROVEN, SLOW, SMALL, Pieces, Share


class TestPieces:
    def test_are_small_until_the_client_has_taken_some_of_the_image(self) -> None:
        pieces = Pieces(Share())

        assert pieces.after(0, 0.0) == SMALL
        assert pieces.after(PROVEN - 1, 0.0) == SMALL
        assert pieces.after(PROVEN, 0.0) == LARGE

    def test_become_small_when_it_was_long_in_taking_one(self) -> None:
        pieces = Pieces(Share())
        pieces.after(PROVEN, 0.0)

        assert pieces.after(PROVEN, SLOW) == LARGE
        assert pieces.after(PROVEN, SLOW + 0.1) == SMALL
        assert pieces.after(PROVEN, 0.0) == LARGE

    def test_are_small_while_too_many_others_have_large_ones(self) -> None:
        share, before = Share(1), IMAGE_LARGE.times
        first, second = Pieces(share), Pieces(share)

        assert first.after(PROVEN, 0.0) == LARGE
        assert second.after(PROVEN, 0.0) == SMALL
        assert IMAGE_LARGE.times == before + 1
        first.close()
        assert second.after(PROVEN, 0.0) == LARGE

    @given(
        st.lists(
            st.tuples(
                st.integers(0, 4), st.sampled_from([0, PROVEN]), st.sampled_from([0.0, SLOW + 1])
            )
        )
    )
    def test_are_given_back_once_for_all(self, asked: list[tuple[int, int, float]]) -> None:
        share = Share(2)
        clients = [Pieces(share) for _ in range(5)]

        sizes = [SMALL] * 5
        for at, sent, waited in asked:
            sizes[at] = clients[at].after(sent, waited)
            assert sizes.count(LARGE) + share.left == 2
        for each in clients * 2:
            each.close()

        assert share.left == 2
