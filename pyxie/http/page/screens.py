"""The screens of the page, in the order in which they are offered.

One that is not there yet has no line here, and so no link.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pyxie.access.scope import Scope


@dataclass(frozen=True, slots=True)
class Screen:
    """A screen that can be gone to from each other.

    Attributes:
        name: As `pyxie.http.page.frame.shown` is told which one it shows.
        path: Where it is.
        label: What its link says.
        needs: What one has to be allowed to for it.
    """

    name: str
    path: str
    label: str
    needs: Scope = Scope.READ


SCREENS: Final = (
    Screen("now", "/", "Now"),
    Screen("waiting", "/page/waiting", "Waiting"),
    Screen("machines", "/page/machines", "Machines"),
    Screen("images", "/page/images", "Images"),
    Screen("health", "/page/health", "Health"),
)
