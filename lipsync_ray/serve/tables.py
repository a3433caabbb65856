"""The tables of the service's database."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData()

JOBS = Table(
    "jobs",
    METADATA,
    Column("number", Integer().with_variant(BigInteger, "postgresql"), primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("owner", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("options", JSON, nullable=False),
    Column("container", String(8), nullable=False),
    Column("video", JSON, nullable=False),
    Column("audio", JSON),
    Column("created", Float(53), nullable=False),
    Column("started", Float(53)),
    Column("finished", Float(53)),
    Column("cancel", Boolean, nullable=False),
    Column("starts", Integer, nullable=False),
    Column("progress", JSON, nullable=False),
    Column("result", JSON),
    Column("seconds", Float(53), nullable=False),
    Column("error_code", String(40), nullable=False),
    Column("error_message", Text, nullable=False),
    Column("callback", Text, nullable=False),
    Column("calling", String(8), nullable=False),
    Column("calls", Integer, nullable=False),
    Column("call_after", Float(53), nullable=False),
    Column("version", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),  # that its files fill
    Index("jobs_by_state", "state", "number"),
    Index("jobs_by_owner", "owner", "number"),
)

# Keys of requests that made a job, or are about to: one request of a key at a time, and one job.
KEYS = Table(
    "idempotency_keys",
    METADATA,
    Column("owner", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("content", String(64), nullable=False),  # hash of the request; empty while it is being read
    Column("job", String(32), nullable=False),  # empty while there is none
    Column("created", Float(53), nullable=False),
)

# What tokens have used: outlives the jobs, which their owners may delete.
USES = Table(
    "uses",
    METADATA,
    Column("number", Integer().with_variant(BigInteger, "postgresql"), primary_key=True, autoincrement=True),
    Column("owner", String(64), nullable=False),
    Column("job", String(32), nullable=False),
    Column("seconds", Float(53), nullable=False),
    Column("time", Float(53), nullable=False),
    UniqueConstraint("owner", "job"),
    Index("uses_by_owner", "owner", "time"),
)

# One row: the name of the folder that has the files of these jobs.
FOLDERS = Table(
    "folders",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", String(32), nullable=False),
)
