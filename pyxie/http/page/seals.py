"""What ties a press of a button to what was shown beside it. Pure.

Between the two a file may change, or somebody else may press. So what was shown of a machine goes
into its seal, which comes back with the press: where it would be another by then, nothing is done.
"""

from __future__ import annotations

import hmac
import json
from typing import Final

from pyxie.wiping.forecast import Forecast

_LENGTH: Final = 32
"""Hex digits: 128 bits."""


def seal(key: bytes, definition: str, forecast: Forecast, newest: int) -> str:
    """Return the seal of a build that has not begun.

    Args:
        key: Of this process: what is in a definition may be a password, and no hash of it alone
            may be given away.
        definition: All that the machine is built from, as JSON.
        forecast: What that wipes.
        newest: The number of the machine's newest build; 0 if it has none. So each seal is good for
            one build, and a press that is sent twice begins one.
    """
    shown = json.dumps([definition, forecast.as_plain(), newest])
    return hmac.new(key, shown.encode(errors="surrogatepass"), "sha256").hexdigest()[:_LENGTH]


def fits(sealed: str, now: str) -> bool:
    """Tell whether two seals are the same; how long that takes tells nothing."""
    return hmac.compare_digest(sealed.encode(errors="replace"), now.encode())
