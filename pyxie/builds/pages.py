"""Builds as a list is shown: a page of them, the newest first."""

from __future__ import annotations

import sqlalchemy as sa

from pyxie.builds.life import ACTIVE, Build, State
from pyxie.builds.records import BuildRecords
from pyxie.store.tables import BUILDS


async def builds(
    records: BuildRecords,
    *,
    host: str | None = None,
    state: State | None = None,
    build_type: str | None = None,
    active: bool | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Build]:
    """Return builds that fit all that is given, the newest first.

    Args:
        records: Where they are.
        host: Of that machine.
        state: That are so.
        build_type: Of that type.
        active: Whether their machines are in build mode.
        before: Only those with a smaller number.
        limit: At most so many.

    Raises:
        StoreError: They cannot be read.
    """
    found = sa.select(BUILDS).order_by(BUILDS.c.id.desc()).limit(limit)
    if host is not None:
        found = found.where(BUILDS.c.host == host)
    if state is not None:
        found = found.where(BUILDS.c.state == str(state))
    if build_type is not None:
        found = found.where(BUILDS.c.build_type == build_type)
    if active is not None:
        lasting = BUILDS.c.state.in_([str(each) for each in ACTIVE])
        found = found.where(lasting if active else ~lasting)
    if before is not None:
        found = found.where(BUILDS.c.id < before)
    return await records.select(found)
