"""Does anything that a build serves end it?"""

from __future__ import annotations

from collections.abc import Iterator

from pyxie.advice.served import Advice, Served


def ending(served: Served) -> Iterator[Advice]:
    """Say so, if neither a template nor the command line names an address that ends the build.

    waitron's templates put it together themselves; it is looked for in what is served.
    """
    machine = served.machine
    if any(f"/done/{machine.hostname}/{served.token}" in text for text in served.said()):
        return
    yield Advice(
        _about(served),
        "nothing in this build calls 'urls.done': the machine boots it again at every network "
        "boot, until `pyxie done` or `pyxie cancel`",
    )


def _about(served: Served) -> tuple[str, ...]:
    machine = served.machine
    if machine.preseed:
        return ("preseed",)
    first = next(iter(machine.templates), None)
    return ("templates", first) if first else ("kernel",)
