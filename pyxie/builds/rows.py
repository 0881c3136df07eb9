"""Builds as rows of the database, and back."""

from __future__ import annotations

import json
from typing import Any

from pyxie.builds.changes import digests
from pyxie.builds.life import Build, GivenFile, State
from pyxie.wiping.forecast import from_plain


def transition_row(
    number: int, state: State, at: float, cause: str, peer: str | None
) -> dict[str, Any]:
    """Return the row of a state that a build has come into."""
    return {"build_id": number, "at": at, "state": str(state), "cause": cause, "peer": peer}


def build_row(build: Build) -> dict[str, Any]:
    """Return a build's row, which has no number yet."""
    return {
        "host": build.host,
        "token": build.token,
        "state": str(build.state),
        "begun": build.begun,
        "changed": build.changed,
        "macs": json.dumps(build.macs),
        "definition": build.definition,
        "mac": build.mac,
        "build_type": build.build_type,
        "beneath": build.beneath,
        "body": build.body,
        "believed": build.believed,
        "forecast": json.dumps(build.forecast.as_plain()) if build.forecast else None,
        "reason": build.reason,
        "digests": digests(build),
        "log": "",
    }


def build_of(row: Any) -> Build:
    """Return the build of a row."""
    return Build(
        host=row["host"],
        token=row["token"],
        state=State(row["state"]),
        begun=row["begun"],
        changed=row["changed"],
        macs=tuple(json.loads(row["macs"])),
        definition=row["definition"],
        mac=row["mac"],
        build_type=row["build_type"],
        beneath=bool(row["beneath"]),
        body=row["body"],
        believed=bool(row["believed"]),
        forecast=from_plain(json.loads(row["forecast"])) if row["forecast"] else None,
        reason=row["reason"],
        given=tuple(GivenFile(**each) for each in json.loads(row["digests"] or "[]")),
        number=row["id"],
    )
