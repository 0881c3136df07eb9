"""What is given to SQLite's driver as a text does what SQLAlchemy would have it do."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from pyxie.builds.statements import BEGIN, BEGIN_ONE, NOTE, NOTE_ONE, OLD_ONE, REPLACE_ONE
from pyxie.store.astext import Prepared, columns
from pyxie.store.tables import BUILDS, METADATA, TRANSITIONS

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
ROWS = st.fixed_dictionaries(
    {
        "host": st.sampled_from(("a", "b")),
        "token": TEXT,
        "state": st.sampled_from(("pending", "installing", "stale", "installed", "replaced")),
        "begun": st.floats(0, 1e9),
        "changed": st.floats(0, 1e9),
        "macs": TEXT,
        "definition": TEXT,
        "mac": st.none() | TEXT,
        "build_type": TEXT,
        "beneath": st.booleans(),
        "body": TEXT,
        "believed": st.booleans(),
        "forecast": st.none() | TEXT,
        "reason": TEXT,
        "digests": st.none() | TEXT,
        "log": TEXT,
    }
)


@pytest.fixture
def connection() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    METADATA.create_all(engine)
    with engine.connect() as opened:
        yield opened


def all_of(connection: sa.Connection, table: sa.Table) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(sa.select(table))]


class TestForAnyBuilds:
    @given(rows=st.lists(ROWS, max_size=6), keep=st.integers(0, 3))
    def test_all_that_is_stored_and_found_is_the_same(
        self, rows: list[dict[str, object]], keep: int
    ) -> None:
        found: list[object] = []
        for way in (True, False):
            engine = sa.create_engine("sqlite://")
            METADATA.create_all(engine)
            with engine.connect() as connection:

                def run(each: Prepared, values: dict[str, object]) -> list[tuple[object, ...]]:
                    if way:  # noqa: B023 - called at once
                        return [tuple(row) for row in each(connection, values)]
                    made = connection.execute(each.statement, values)
                    return [tuple(row) for row in made] if made.returns_rows else []

                told: list[object] = []
                for at, row in enumerate(rows):
                    told.append(run(BEGIN_ONE, row))
                    said = {"build_id": at + 1, "at": 1.5, "state": row["state"]}
                    run(NOTE_ONE, {**said, "cause": row["token"], "peer": None})
                told.append(run(OLD_ONE, {"of": "a", "keep": keep}))
                told.append(run(REPLACE_ONE, {"of": "a", "now": 7.5}))
                told.append([all_of(connection, each) for each in (BUILDS, TRANSITIONS)])
                found.append(told)

        assert found[0] == found[1]


def test_the_statements_are_those_for_many(connection: sa.Connection) -> None:
    assert (BEGIN_ONE.statement, NOTE_ONE.statement) == (BEGIN, NOTE)
    assert set(columns(TRANSITIONS)) == {"build_id", "at", "state", "cause", "peer"}


def test_another_database_is_asked_as_ever(
    connection: sa.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = 0

    def counted(*_: object) -> None:
        nonlocal texts
        texts += 1

    monkeypatch.setattr(connection.dialect, "name", "other")
    monkeypatch.setattr(Prepared, "_make", counted)
    statement = Prepared(sa.insert(TRANSITIONS), columns(TRANSITIONS))

    statement(connection, {"build_id": 1, "at": 1.0, "state": "s", "cause": "", "peer": None})

    assert texts == 0
    assert len(all_of(connection, TRANSITIONS)) == 1


def test_what_the_driver_refuses_is_raised_as_sqlalchemy_does(connection: sa.Connection) -> None:
    lacking = {"build_id": None, "at": 1.0, "state": "s", "cause": "secret", "peer": None}
    raised, said = list[tuple[object, ...]](), list[str]()
    for run in (partial(NOTE_ONE, connection), partial(connection.execute, NOTE_ONE.statement)):
        with pytest.raises(IntegrityError) as found:
            run(lacking)
        cause: Any = found.value.orig
        raised.append((found.type, type(cause), str(cause), cause.sqlite_errorcode))
        said.append(str(found.value))

    assert raised[0] == raised[1]
    assert "secret" not in said[0]


def test_a_number_that_no_column_takes_is_refused_as_by_sqlalchemy(
    connection: sa.Connection,
) -> None:
    with pytest.raises(OverflowError):
        NOTE_ONE(
            connection, {"build_id": 1 << 70, "at": 1.0, "state": "s", "cause": "", "peer": None}
        )


def test_all_that_it_did_goes_with_its_transaction(connection: sa.Connection) -> None:
    with connection.begin() as transaction:
        NOTE_ONE(connection, {"build_id": 1, "at": 1.0, "state": "s", "cause": "", "peer": None})
        transaction.rollback()

    assert all_of(connection, TRANSITIONS) == []
