"""Does what is served have the machine ask for what it will not get?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pyxie.advice.served import Advice, Served
from pyxie.render.asked import WAITRONS, missing, no_template

_COBBLERS: Final = "/cblr/svc/op/"


def asking(served: Served) -> Iterator[Advice]:
    """Say so of each template that asks for another one of the machine's, which it has not.

    The command line's are mistakes, see `pyxie.rehearsal`: an installer without its answers does
    nothing. In a template it may be of little weight, as a finish script that need not be there.

    Likewise of calls of Cobbler's server that nobody converted: Cobbler's ``nopxe`` is what ends
    a build there.
    """
    machine = served.machine
    cobblers = re.compile(
        rf"(?:{re.escape(served.base_url)}|\$\{{?(?:http_)?server\}}?|@@(?:http_)?server@@)"
        r"\S*?/cblr/svc/op/(\w+)"
    )
    for kind, text in served.texts.items():
        about = (kind,) if kind in WAITRONS and getattr(machine, kind) else ("templates", kind)
        for word in missing(machine, text, served.token):
            yield Advice(about, no_template(machine, word))
        for operation in dict.fromkeys(cobblers.findall(text) if _COBBLERS in text else ()):
            like = "; here 'urls.done' ends a build" if operation == "nopxe" else ""
            address = f"'/cblr/svc/op/{operation}'"
            yield Advice(about, f"calls Cobbler's {address}, which pyxie does not serve{like}")
