"""Which build a trouble is told with."""

from __future__ import annotations

from dataclasses import replace

from pyxie.builds.index import BuildIndex
from pyxie.builds.life import Build, State
from pyxie.builds.troubles import TroubledBuilds
from pyxie.events.event import Event
from pyxie.events.kinds import ImageFailed
from pyxie.events.trouble import Troubles
from pyxie.metrics import Metrics

BUILD = Build(
    host="web01",
    token="t",
    state=State.PENDING,
    begun=10.0,
    changed=10.0,
    macs=(),
    definition="{}",
    number=2,
)


class TestTroubledBuilds:
    def test_tell_it_of_the_newest_build_alone(self) -> None:
        index, troubles = BuildIndex(), Troubles()
        told = TroubledBuilds(index, troubles, Metrics())
        trouble = Event(at=11.0, host="web01", what=ImageFailed(part="kernel", source="s", why="w"))
        index.put(BUILD)
        troubles.note(trouble)

        assert told.of(BUILD) is trouble
        assert told.of(replace(BUILD, number=1, begun=1.0)) is None
        assert told.of(replace(BUILD, host="web02")) is None

    async def test_are_counted_while_they_are_active(self) -> None:
        index, troubles, metrics = BuildIndex(), Troubles(), Metrics()
        told = TroubledBuilds(index, troubles, metrics)
        counts = [await told.count()]
        index.put(BUILD)
        troubles.note(
            Event(at=11.0, host="web01", what=ImageFailed(part="kernel", source="s", why="w"))
        )

        counts.append(await told.count())
        sample = metrics.registry.get_sample_value("pyxie_builds_in_trouble")
        index.put(BUILD.to(State.FAILED, 12.0))

        assert ([*counts, await told.count()], sample) == ([0, 1, 0], 1.0)
