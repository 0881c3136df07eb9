"""What was found, in English: what is wrong, what to try next, what would make it certain.

Who reads it may never have read an RFC: each step is something to do, with the command where there
is one. Programs read the data; so a sentence may become a better one at any time. All of them can
be read in one piece in tests/diagnosis/data/words.txt.
"""

from __future__ import annotations

from typing import Final

from pyxie.diagnosis.finding import Finding
from pyxie.diagnosis.saying import Said
from pyxie.diagnosis.saying import said as _said
from pyxie.diagnosis.sayings import beforehand, ofimages, ofloaders, ofoffers

_WORDS: Final = (beforehand, ofoffers, ofloaders, ofimages)
"""Which have told `pyxie.diagnosis.saying.said` what they say, once they are imported."""


def said(what: Finding) -> Said:
    """Say what was found. A peer's words may be in it: it may not be fit for a terminal."""
    return _said(what)
