"""What is counted many at a time is counted as one after the other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from pyxie.metrics import Spread

BOUNDS = (0.25, 1.0, 4.0)
AMOUNTS = st.lists(
    st.sampled_from([0.0, 0.125, 0.25, 0.5, 1.0, 1.5, 4.0, 5.0]) | st.integers(0, 9).map(float),
    max_size=20,
)
"""Sums of these are exact."""


def told(registry: CollectorRegistry) -> list[str]:
    return [
        each for each in generate_latest(registry).decode().split("\n") if "_created" not in each
    ]


@given(AMOUNTS)
def test_a_spread_of_amounts_is_a_histograms(amounts: list[float]) -> None:
    registries = CollectorRegistry(), CollectorRegistry()
    spread = Spread("a", "b", registry=registries[0], buckets=BOUNDS)
    plain = Histogram("a", "b", registry=registries[1], buckets=BOUNDS)

    spread.observe_all(amounts)
    for each in amounts:
        plain.observe(each)

    assert told(registries[0]) == told(registries[1])


@pytest.mark.parametrize("amount", [0.25, 9.0])
def test_the_same_amount_many_times_is_too(amount: float) -> None:
    registries = CollectorRegistry(), CollectorRegistry()
    spread = Spread("a", "b", registry=registries[0], buckets=BOUNDS)
    plain = Histogram("a", "b", registry=registries[1], buckets=BOUNDS)

    spread.observe_alike(amount, 3)
    for _ in range(3):
        plain.observe(amount)

    assert told(registries[0]) == told(registries[1])
