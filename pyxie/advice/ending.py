"""Does anything that a build serves end it?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pyxie.advice.served import Advice, Served

_BOTH: Final = "until `pyxie done` or `pyxie cancel`"


def ending(served: Served) -> Iterator[Advice]:
    """Say so, if nothing that a build serves or runs names an address that ends it.

    waitron's templates put it together themselves; so it is looked for in what is served, also
    where that is percent-encoded or in base64, as in Ignition's files. Where the token stands by
    itself, a script of the operator's may make the address of it: nothing is said.
    """
    said = (*served.said(), served.script, *served.hooks)
    if any(_ends(text, served) for text in said):
        return
    if served.texts:
        sentence = (
            "nothing in this build calls 'urls.done': the machine boots it again at every "
            f"network boot, {_BOTH}"
        )
    else:
        sentence = (
            "this build has no template, so nothing ends it: the machine boots it at every "
            f"network boot, {_BOTH}"
        )
    yield Advice(_about(served), sentence)


def _ends(text: str, served: Served) -> bool:
    token, host = re.escape(served.token), re.escape(served.machine.hostname)
    if re.search(rf"/(?:done|cancel)/{host}/{token}", text):
        return True
    # By the API, with a token of its own: to be marked as installed, or to be cancelled.
    if re.search(rf"/api/v1/builds/{host}(?:/done)?(?![\w/.-])", text):
        return True
    # What is left once our other addresses are taken out: the token in a word of its own.
    return served.token in re.sub(rf"/[\w%.-]+/[\w%.-]+/{token}", "", text)


def _about(served: Served) -> tuple[str, ...]:
    machine = served.machine
    if machine.preseed:
        return ("preseed",)
    first = next(iter(machine.templates), None)
    return ("templates", first) if first else ("kernel",)
