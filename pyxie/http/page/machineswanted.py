"""Which machines are wanted of the list, in which order, and which page of it: its URL. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from pydantic import Field

from pyxie.config.validate import Model

PATH: Final = "/page/machines"

_Text = Annotated[str, Field(max_length=253)]


class Shown(StrEnum):
    """By what of its state a machine may be looked for."""

    ACTIVE = "active"
    """In build mode."""
    TROUBLE = "trouble"
    """In build mode, and its build cannot go on."""
    PENDING = "pending"
    INSTALLING = "installing"
    STALE = "stale"
    INSTALLED = "installed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    NEVER = "never"
    """It was never in build mode."""
    BROKEN = "broken"
    """Its file has mistakes."""


class Order(StrEnum):
    """By what they are ordered; what is alike in it, by hostname."""

    HOSTNAME = "hostname"
    STATE = "state"
    LAST_BOOT = "last_boot"
    BUILD_TYPE = "build_type"


class Sorting(StrEnum):
    """`Order`, and downwards with a ``-`` before it."""

    HOSTNAME = "hostname"
    HOSTNAME_DOWN = "-hostname"
    STATE = "state"
    STATE_DOWN = "-state"
    LAST_BOOT = "last_boot"
    LAST_BOOT_DOWN = "-last_boot"
    BUILD_TYPE = "build_type"
    BUILD_TYPE_DOWN = "-build_type"

    @property
    def by(self) -> Order:
        """By what."""
        return Order(self.removeprefix("-"))

    @property
    def down(self) -> bool:
        """Whether the last comes first."""
        return self.startswith("-")


class Filter(Model):
    """Which machines.

    Attributes:
        name: A part of the hostname or of a MAC address; or a pattern of the whole hostname, with
            ``*`` and ``?``.
        group: Only machines of this group, or of this domain.
        build_type: Only machines that are built by this one.
        state: Only machines of which that is so.
    """

    name: _Text = ""
    group: _Text = ""
    build_type: _Text = ""
    state: Shown | Literal[""] = ""

    @property
    def everything(self) -> bool:
        """Whether all fit."""
        return not (self.name or self.group or self.build_type or self.state)


class Wanted(Filter):
    """Which machines, and which part of them.

    Attributes:
        order: By what they are ordered.
        page: Which hundred of them, from 1; beyond the last it is the last.
    """

    order: Sorting = Sorting.HOSTNAME
    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1

    def url(self, **changed: object) -> str:
        """Return where that is shown: what is not said in it is as it is without.

        Args:
            changed: What is to be different; where it is not the page, that is the first.
        """
        return PATH + self.query(**changed)

    def query(self, **changed: object) -> str:
        """Return that without its path: with a ``?``, or empty; as `url`."""
        said = urlencode(self.said(**changed), safe="*")
        return f"?{said}" if said else ""

    def said(self, **changed: object) -> dict[str, str]:
        """Return what is asked for, without what is so anyway; as `url`."""
        values = {**self.model_dump(), "page": changed.get("page", 1), **changed}
        if not changed:
            values["page"] = self.page
        fields = type(self).model_fields
        return {name: str(values[name]) for name in fields if values[name] != fields[name].default}
