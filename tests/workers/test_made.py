"""What comes of a job goes through JSON, and what is none of it is refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.advice.served import Advice
from pyxie.errors import ExhaustedError, NotServedError, RenderError
from pyxie.wiping.forecast import Doubt, Forecast, Wiping
from pyxie.workers.frames import FrameError
from pyxie.workers.made import Fault, Known, Made, fault_of, from_plain, plain

ALL = Made(
    text="text \ud800",
    files={"/a.j2": (1, 2, 3), "/b.j2": None},
    lasting=True,
    forecast=Forecast((Wiping("p.j2", ("/dev/sda",)),), (Doubt("q.j2", "why"),)),
    faults=(Fault("not served", "kernel", "none is named"),),
    advice=(Advice(("network", 0), "sentence", aside=True, word="word"),),
    command=("echo", "x \ud800"),
    url="http://192.0.2.1/",
    error=Fault("render", "p.j2", "why", 3, "value"),
    bug="Traceback",
    last=True,
)


class TestWhatWasMade:
    def test_comes_out_as_it_went_in(self) -> None:
        assert from_plain(plain(ALL), ALL.text) == ALL

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"null",
            b"[]",
            b"\xff",
            b"[" * 100_000,
            b'{"error": {"kind": "other", "what": "", "why": ""}}',
            b'{"command": "rm"}',
            b'{"files": {"/a": ["x"]}}',
            b'{"forecast": {"wiping": [[1]]}}',
        ],
    )
    def test_that_is_none_is_refused(self, data: bytes) -> None:
        with pytest.raises(FrameError, match="answered what is none"):
            from_plain(data, "")

    def test_of_too_many_files_is_refused(self) -> None:
        made = Made(files={str(at): None for at in range(2000)})

        with pytest.raises(FrameError, match="names 2000 files"):
            from_plain(plain(made), "")


class TestForAnyBytes:
    @given(st.binary())
    def test_it_is_what_was_made_or_one_error(self, data: bytes) -> None:
        with suppress(FrameError):
            from_plain(data, "")


@pytest.mark.parametrize(
    "error",
    [
        NotServedError("kernel", "none is named"),
        RenderError("p.j2", 3, "why", "value"),
        ExhaustedError("p.j2", 0, "took too long"),
    ],
)
def test_an_error_is_the_same_at_the_other_end(error: Known) -> None:
    again = fault_of(error).error()

    assert (type(again), again.args, str(again)) == (type(error), error.args, str(error))
    assert getattr(again, "value", "") == getattr(error, "value", "")
