"""The tables, as the newest migration leaves them; a test compares the two.

A first start makes them of this.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

HEAD: Final = "0010"
"""The newest revision in migrations/versions; a test keeps it so."""

METADATA = sa.MetaData()

BUILDS = sa.Table(
    "builds",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("host", sa.String(253), nullable=False),
    sa.Column("token", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("begun", sa.Float, nullable=False),
    sa.Column("changed", sa.Float, nullable=False),
    sa.Column("macs", sa.Text, nullable=False),
    sa.Column("definition", sa.Text, nullable=False),
    sa.Column("mac", sa.String(17)),
    sa.Column("build_type", sa.String(64), nullable=False, server_default=""),
    sa.Column("body", sa.Text, nullable=False, server_default=""),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("log", sa.Text, nullable=False, server_default=""),
    sa.Column("beneath", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("forecast", sa.Text),
    sa.Column("believed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("digests", sa.Text),
    sa.Index("builds_host", "host"),
)

TRANSITIONS = sa.Table(
    "transitions",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("build_id", sa.Integer, sa.ForeignKey("builds.id"), nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("peer", sa.String(64)),
    sa.Index("transitions_build", "build_id"),
)

HOOKS = sa.Table(
    "hooks",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("build_id", sa.Integer, sa.ForeignKey("builds.id")),
    sa.Column("host", sa.String(253), nullable=False),
    sa.Column("mac", sa.String(17)),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("hook", sa.Text, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("ended", sa.Float),
    sa.Column("result", sa.Text, nullable=False),
    sa.Column("output", sa.Text, nullable=False),
    sa.Index("hooks_build", "build_id"),
    sa.Index("hooks_state", "state"),
)

TOKENS = sa.Table(
    "tokens",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(64), nullable=False, unique=True),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("scope", sa.String(8), nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("expires", sa.Float),
)

AUDIT = sa.Table(
    "audit",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("who", sa.String(80), nullable=False),
    sa.Column("peer", sa.String(64), nullable=False),
    sa.Column("method", sa.String(8), nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
)

EVENTS = sa.Table(
    "events",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("step", sa.String(16), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("mac", sa.String(17)),
    sa.Column("host", sa.String(253)),
    sa.Column("peer", sa.String(64)),
    sa.Column("code", sa.String(32)),
    sa.Column("data", sa.Text, nullable=False, server_default="{}"),
    sa.Index("events_host", "host"),
    sa.Index("events_mac", "mac"),
)

SECURE_BOOT = sa.Table(
    "secure_boot",
    METADATA,
    sa.Column("mac", sa.String(17), primary_key=True),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("by", sa.String(8), nullable=False),
    sa.Column("at", sa.Float, nullable=False),
)
