"""How a machine's ``proxy`` is spelt: the HTTP proxy by which its installer fetches packages.

An installer that cannot use what it is given stops on its way, at a question that nobody answers.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

from pyxie.render.arguments import FilterError, as_text

_NONE: Final = "none"
"""As setup-alpine spells it."""
_WRONG: Final = "'proxy' is not the URL of a proxy, like http://proxy.example:3128"
_URL = re.compile(
    r"https?://(?:[a-z0-9._~%!$&()*+,;=:-]*@)?(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]+)?/?",
    re.IGNORECASE | re.ASCII,
)


def proxy(value: Any) -> str:
    """Return the URL of the proxy that ``value`` is; empty where it is empty, or ``none``.

    Raises:
        FilterError: It is something else. It is not shown: there may be a password in it.
    """
    written = as_text("proxy", value)
    text = written.strip()
    if text in ("", _NONE):
        return ""
    try:
        good = _URL.fullmatch(text) and urlsplit(text).port != 0
    except ValueError:  # no port, or no address
        good = False
    if not good:
        raise FilterError(_WRONG, written)
    return text
