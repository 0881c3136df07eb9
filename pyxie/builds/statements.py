"""The statements by which builds are stored: put together once, for that takes longest."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from pyxie.builds.life import ACTIVE, State
from pyxie.store.astext import Prepared, columns
from pyxie.store.tables import BUILDS, HOOKS, TRANSITIONS

_ACTIVE: Final = tuple(str(state) for state in ACTIVE)

_HOSTS: Final[sa.BindParameter[Any]] = sa.bindparam("hosts", expanding=True)
_OF_HOSTS: Final = BUILDS.c.host.in_(_HOSTS)
_NUMBERS: Final[sa.BindParameter[Any]] = sa.bindparam("numbers", expanding=True)
_OF_HOST: Final = BUILDS.c.host == sa.bindparam("of")


def _replace(of: sa.ColumnElement[bool]) -> sa.Executable:
    active = sa.update(BUILDS).where(of & sa.or_(*(BUILDS.c.state == each for each in _ACTIVE)))
    replaced = active.values(state=str(State.REPLACED), changed=sa.bindparam("now"))
    return replaced.returning(BUILDS.c.id, BUILDS.c.host)


def _old(of: sa.ColumnElement[bool], of_hook: sa.ColumnElement[bool]) -> sa.Select[tuple[int]]:
    """Return the query of builds beyond those that are kept, but for those that owe hooks."""
    theirs = sa.select(BUILDS.c.id, _NEWER.label("at")).where(of).subquery()
    owing = sa.select(HOOKS.c.build_id).where(
        HOOKS.c.state == "owed", of_hook, HOOKS.c.build_id.is_not(None)
    )
    return sa.select(theirs.c.id).where(
        theirs.c.at > sa.bindparam("keep"), theirs.c.id.not_in(owing)
    )


BEGIN: Final = sa.insert(BUILDS).returning(BUILDS.c.host, BUILDS.c.id)
NOTE: Final = sa.insert(TRANSITIONS)
_NEWER: Final = sa.func.row_number().over(partition_by=BUILDS.c.host, order_by=BUILDS.c.id.desc())
# A list that may be of any length is put into its statement each time: most builds begin alone.
REPLACE: Final = _replace(_OF_HOSTS)
REPLACE_ONE: Final = Prepared(_replace(_OF_HOST))
OLD: Final = _old(_OF_HOSTS, HOOKS.c.host.in_(_HOSTS))
OLD_ONE: Final = Prepared(_old(_OF_HOST, HOOKS.c.host == sa.bindparam("of")))
BEGIN_ONE: Final = Prepared(BEGIN, columns(BUILDS))
NOTE_ONE: Final = Prepared(NOTE, columns(TRANSITIONS))
STATES: Final = (
    sa.select(BUILDS.c.id, BUILDS.c.state).where(BUILDS.c.id.in_(_NUMBERS)).with_for_update()
)
CHANGE: Final = sa.update(BUILDS).where(BUILDS.c.id == sa.bindparam("number"))
UNREPLACE: Final = sa.delete(TRANSITIONS).where(
    TRANSITIONS.c.build_id.in_(_NUMBERS) & (TRANSITIONS.c.state == str(State.REPLACED))
)
