"""What the REST API answers of images and recipes, as models; see `pyxie.http.answers`."""

from __future__ import annotations

from typing import Literal

from pyxie.http.answers import Answer
from pyxie.imagestore.prefetches import Stage


class Image(Answer):
    """A copy in the image store; times are in seconds since 1970.

    ``digest``: SHA-256 of all of it. ``verified``: by what it is known to be right, empty if by
    nothing. ``checked``: when its server was last asked about it; ``used``: when a machine, or
    whoever fetched it, last wanted it.
    """

    id: str
    url: str
    digest: str
    size: int
    content_type: str
    verified: str
    fetched: float
    checked: float
    used: float
    pinned: bool


class OnItsWay(Answer):
    """A file that is being fetched, whoever wants it; ``size`` null: not known.

    ``id``: what its copy will be called.
    """

    id: str
    url: str
    there: int
    size: int | None


class Images(Answer):
    """The image store: what is in it, and what is on its way.

    ``size``: bytes that the copies take, each content once; ``most``: that they may take, 0 if
    none are kept. ``problem``: what is wrong with it, empty if nothing is.
    """

    images: list[Image]
    fetching: list[OnItsWay]
    size: int
    most: int
    problem: str


class Prefetch(Answer):
    """A file that is fetched before a machine asks for it.

    ``id``: what its copy is called, once it is ``fetched``. ``by``: what names it, a system with
    its architecture or a machine.
    """

    id: str
    by: str
    part: str
    url: str
    state: Stage
    there: int
    size: int | None
    why: str
    verified: str


class Prefetches(Answer):
    """Those that go on, and the last that have ended."""

    fetches: list[Prefetch]


class Cancelled(Answer):
    """A fetch that was ended, and of which nothing is kept."""

    id: str
    url: str


class Begun(Prefetches):
    """What was asked for, and which of the words name no file of another server's."""

    nothing: list[str]


class Verified(Answer):
    """Which digest a copy has, and has on disk: ``found``, empty if it cannot be read.

    One that is not ``whole`` has been removed.
    """

    id: str
    url: str
    digest: str
    found: str
    whole: bool


class Removed(Answer):
    """The copies that were removed, and how many bytes are free again."""

    removed: list[Image]
    size: int


class Seen(Answer):
    """When, and by what, a system was seen to boot."""

    date: str
    how: str


class RecipeArch(Answer):
    """An architecture that a recipe is for; ``verified`` null: nobody has seen it boot."""

    arch: str
    verified: Seen | None


class Recipe(Answer):
    """A recipe: ``needs`` is what the operator provides; ``own``: it is of ``recipepath``.

    ``problem``: why it cannot be used, with the place; empty if it can.
    """

    name: str
    title: str
    docs: str
    needs: str
    own: bool
    archs: list[RecipeArch]
    problem: str


class Recipes(Answer):
    """All recipes, by name."""

    recipes: list[Recipe]


class RecipeFile(Answer):
    """A file of a recipe's, as its server has it now.

    ``state``: ``answers``; ``refused``: the server has no such file; ``silent``: it is not
    reached. ``signature``: ``good``; ``wrong``; ``unread``: the list of digests is not to be had;
    ``unchecked``: this host has no keyring or no program for it; ``unsigned``: a digest or a list
    says what it is, which nobody signed; ``none``: nothing says what it is. The words beside
    each say why, or by what.
    """

    arch: str
    part: str
    url: str
    state: Literal["answers", "refused", "silent"]
    why: str
    size: int | None
    signature: Literal["good", "wrong", "unread", "unchecked", "unsigned", "none"]
    by: str


class Checked(Answer):
    """What was found of a recipe's files; of those that you provide nothing is."""

    recipe: str
    files: list[RecipeFile]
