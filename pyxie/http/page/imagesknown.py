"""What is known of images, as the views of the screen Images take it; looked up, not asked for."""

from __future__ import annotations

from collections.abc import Iterable

from pyxie.http.page.imagesview import Coming
from pyxie.http.page.mediaview import Image
from pyxie.imagestore.growth import Growth
from pyxie.imagestore.prefetches import Prefetch
from pyxie.media.fetches import Fetch
from pyxie.media.shelf import Medium
from pyxie.urls import shown


def coming(ahead: Iterable[Prefetch], growths: Iterable[Growth]) -> tuple[Coming, ...]:
    """Return what is on its way into the store, or was lately, as it was begun.

    Args:
        ahead: What was asked for ahead of machines, whether or not it has ended.
        growths: All that comes, also what a machine asked for.
    """
    found = {
        each.key: Coming(
            key=each.key,
            url=each.url,
            by=each.by,
            part=each.part,
            state=str(each.stage),
            there=each.there,
            size=each.size,
            why=each.why,
        )
        for each in ahead
    }
    for growth in growths:
        known = found.get(growth.key)
        is_known = known is not None and known.state in ("waiting", "fetching")
        if not is_known and growth.error is None:  # what has one is just being cleared away
            size = growth.head.size if growth.head is not None else None
            found[growth.key] = Coming(
                key=growth.key, url=growth.url, there=growth.written, size=size
            )
    return tuple(found.values())


def media(lying: Iterable[Medium], fetches: Iterable[Fetch]) -> tuple[Image, ...]:
    """Return the ISO images: those in the folder, and those on their way there."""
    there = {each.name: medium(each) for each in lying}
    fetched = {each.name: on_its_way(each) for each in fetches}
    return tuple({**fetched, **there}.values())


def medium(found: Medium) -> Image:
    """Return what is known of an image in the folder."""
    facts = found.contents.facts if found.contents is not None else None
    return Image(
        name=found.name,
        size=found.lying.size,
        state=str(found.state),
        why=found.why,
        title=str(found.recipe.get("title", "")) if found.recipe else "",
        volume=facts.volume if facts else "",
        written=found.lying.recipe,
        left_out=facts.left_out if facts else 0,
        entries=facts.entries if facts else (),
        loaders=facts.loaders if facts else (),
    )


def on_its_way(fetch: Fetch) -> Image:
    """Return what is known of an image that is fetched, or could not be."""
    return Image(
        name=fetch.name,
        size=fetch.there,
        total=fetch.size,
        state="broken" if fetch.why else "looking",
        why=fetch.why or fetch.waits,
        fetched=not fetch.why,
        failed=shown(fetch.url) if fetch.why else "",
    )
