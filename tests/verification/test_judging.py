"""What gpgv and sqv say of a signature; the lines are theirs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.verification.judging import JUDGES, Bad, Good, Verdict, by_gpgv, by_sqv

KEY = "2AB3C9A82B672AD8447592055CCC1D845E157C29"
GOOD = f"""\
[GNUPG:] NEWSIG t@x.invalid
[GNUPG:] KEY_CONSIDERED {KEY} 0
[GNUPG:] SIG_ID /+pIBqsypaXXULfvF50MCybE9r4 2026-11-26 1795736895
[GNUPG:] GOODSIG 5CCC1D845E157C29 T <t@x.invalid>
[GNUPG:] VALIDSIG {KEY} 2026-11-26 1795736895 0 4 0 22 8 00 {KEY}
"""
UNKNOWN = """\
[GNUPG:] NEWSIG o@x.invalid
[GNUPG:] ERRSIG 20137A58C2282566 22 8 00 1795736895 9 A218532A1F863219C38F39B820137A58C2282566
[GNUPG:] NO_PUBKEY 20137A58C2282566
"""


class TestGpgv:
    @pytest.mark.parametrize(
        ("code", "output", "verdict"),
        [
            pytest.param(0, GOOD, Good((KEY,)), id="good"),
            pytest.param(2, GOOD + UNKNOWN, Good((KEY,)), id="a good one before an unknown one"),
            pytest.param(2, UNKNOWN + GOOD, Good((KEY,)), id="and after it"),
            pytest.param(
                2,
                UNKNOWN,
                Bad("is signed by a key that is not in the keyring (20137A58C2282566)"),
                id="unknown",
            ),
            pytest.param(
                1,
                "[GNUPG:] BADSIG 5CCC1D845E157C29 T <t@x.invalid>\n",
                Bad("is signed, but not what was sent: it was changed (5CCC1D845E157C29)"),
                id="bad",
            ),
            pytest.param(
                0,
                GOOD.replace("GOODSIG", "EXPKEYSIG"),
                Bad(
                    "is signed by a key that has expired; a newer keyring may have it"
                    " (5CCC1D845E157C29)"
                ),
                id="VALIDSIG of a key that has expired",
            ),
            pytest.param(
                0,
                GOOD.replace("GOODSIG", "REVKEYSIG"),
                Bad("is signed by a key that was revoked (5CCC1D845E157C29)"),
                id="VALIDSIG of a key that was revoked",
            ),
            pytest.param(
                0,
                GOOD.replace("GOODSIG", "EXPSIG"),
                Bad("has a signature that has expired (5CCC1D845E157C29)"),
                id="expired",
            ),
            pytest.param(
                2,
                "[GNUPG:] NODATA 1\n[GNUPG:] NODATA 2\n",
                Bad("has no signature in it"),
                id="no signature",
            ),
            pytest.param(
                -9, GOOD, Bad("could not be checked: gpgv ended with -9"), id="was killed"
            ),
            pytest.param(0, "", Bad("could not be checked: gpgv ended with 0"), id="silent"),
            pytest.param(
                0,
                f"[GNUPG:] VALIDSIG {KEY} x\n",
                Bad("could not be checked: gpgv ended with 0"),
                id="VALIDSIG alone",
            ),
            pytest.param(
                0,
                f"[GNUPG:] GOODSIG A\n[GNUPG:] NEWSIG\n[GNUPG:] VALIDSIG {KEY} x\n",
                Bad("could not be checked: gpgv ended with 0"),
                id="of two signatures the halves",
            ),
            pytest.param(
                0,
                "x [GNUPG:] GOODSIG A\n[GNUPG:] GOODSIG A\n[GNUPG:] VALIDSIG no-key x\n",
                Bad("could not be checked: gpgv ended with 0"),
                id="no key",
            ),
        ],
    )
    def test_is_judged_by_its_status_lines(self, code: int, output: str, verdict: Verdict) -> None:
        assert by_gpgv(code, output) == verdict


class TestSqv:
    @pytest.mark.parametrize(
        ("code", "output", "verdict"),
        [
            (0, f"{KEY}\n", Good((KEY,))),
            (0, f"Missing key A218, which is needed to verify signature.\n{KEY}\n", Good((KEY,))),
            (
                1,
                f"{KEY}\nMissing key A218, which is \x1bneeded.\n",
                Bad("is not signed well: sqv says 'Missing key A218, which is ?needed.'"),
            ),
            (0, "", Bad("is not signed well: sqv ended with 0")),
            (-9, f"{KEY}\n", Bad("is not signed well: sqv ended with -9")),
        ],
    )
    def test_is_judged_by_how_it_ended(self, code: int, output: str, verdict: Verdict) -> None:
        assert by_sqv(code, output) == verdict


class TestForAnyOutput:
    @given(
        st.sampled_from(sorted(JUDGES)),
        st.integers(-64, 255),
        st.text() | st.lists(st.sampled_from((GOOD + UNKNOWN).split("\n"))).map("\n".join),
    )
    def test_it_is_good_only_with_a_key(self, name: str, code: int, output: str) -> None:
        match JUDGES[name](code, output):
            case Good(keys=keys):
                assert code in (0, 1, 2)
                assert 0 < len(keys) <= 8
            case Bad(why=why):
                assert why.isprintable()
