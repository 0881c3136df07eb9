"""Whether some machines are in build mode, and how many builds are stale."""

from __future__ import annotations

from dataclasses import replace

from pyxie.builds.index import BuildIndex
from pyxie.builds.life import Build, State

HOSTS = frozenset(f"web{at:02}" for at in range(20))


def build(host: str, state: State = State.PENDING) -> Build:
    return Build(
        host=host, token="t", state=state, begun=0.0, changed=0.0, macs=(), definition="{}"
    )


class TestMachines:
    def test_of_which_one_is_in_build_mode_are_told_as_that_changes(self) -> None:
        index = BuildIndex()
        told = [index.any_active(HOSTS)]

        for each in (
            build("other"),
            build("web07"),
            build("web07", State.INSTALLING),
            build("web07", State.INSTALLED),
        ):
            index.put(each)
            told.append(index.any_active(HOSTS))

        assert told == [False, False, True, True, False]

    def test_that_are_few_are_too(self) -> None:
        index = BuildIndex()
        index.put(build("web07"))

        assert index.any_active(frozenset(("web07", "web08")))
        assert not index.any_active(frozenset(("web08",)))


def test_those_built_last_come_first() -> None:
    index = BuildIndex()

    for at, host in enumerate(("web01", "web02", "web03", "web01")):
        index.put(replace(build(host), changed=float(at)))

    assert index.lately() == ["web01", "web03", "web02"]


def test_stale_builds_are_counted_as_they_change() -> None:
    index, counts = BuildIndex(), []

    for each in (
        build("web01", State.STALE),
        build("web02", State.STALE),
        build("web01", State.FAILED),
        build("web02"),
    ):
        index.put(each)
        counts.append(index.stale)

    assert counts == [1, 2, 1, 0]
