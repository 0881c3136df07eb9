"""All is well so far, or it has waited for too long. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from pyxie.diagnosis.finding import Diagnosis, Finding
from pyxie.diagnosis.findings import Waiting
from pyxie.events.event import Event


def stands(
    what: Finding, step: str, since: float, patience: float, now: float, evidence: Iterable[Event]
) -> Diagnosis:
    """Return ``what``, once it is longer than by right; until then, what is waited for.

    Args:
        what: Was found, if nothing comes any more.
        step: What is waited for, as of `Waiting`.
        since: For how long, seconds since the epoch.
        patience: For how many seconds there is nothing to be said of that.
        now: Seconds since the epoch.
        evidence: Events that it rests on.
    """
    waited, found = now - since, tuple(evidence)
    if waited >= patience:
        return Diagnosis(what=what, since=since, evidence=found)
    waits = Waiting(step=step, seconds=max(0.0, waited), patience=patience)
    return Diagnosis(what=waits, since=since, until=since + patience, evidence=found)
