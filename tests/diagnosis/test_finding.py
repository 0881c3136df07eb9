"""What a finding is."""

from __future__ import annotations

import pytest

from pyxie.diagnosis.finding import Finding, finding


def test_two_cannot_share_a_code() -> None:
    class Another(Finding):
        pass

    with pytest.raises(TypeError, match="two findings have the code never-seen"):
        finding("never-seen")(Another)
