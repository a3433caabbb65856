"""Idempotency keys: however often a request is sent, it makes one job."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update

from lipsync_ray.errors import StoreError
from lipsync_ray.serve.job import ServedJob
from lipsync_ray.serve.problems import Problem
from lipsync_ray.serve.store import JobStore
from lipsync_ray.serve.tables import JOBS, KEYS

_KEY = re.compile(r"[!-~]{1,255}")
_KEPT_S = 7 * 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A key that this request has, or the job that an earlier request of the key has made."""

    owner: str
    key: str
    created: float
    job: ServedJob | None = None
    content: str = ""  # hash of the earlier request


class Keys:
    """The table of keys.

    Args:
        store: where it is.
        longest_s: how long a request may take; a key that is in flight for longer belonged to a process
            that is gone.
    """

    def __init__(self, store: JobStore, longest_s: float, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._longest_s = longest_s
        self._clock = clock

    def claim(self, owner: str, key: str) -> Claim:
        """Take a key for a request.

        Raises:
            Problem: it cannot be a key, or a request with it is on its way.
            StoreError: the database does not answer.
        """
        if not _KEY.fullmatch(key):
            raise Problem(422, "KEY", "Idempotency-Key must have 1 to 255 signs of ASCII, without spaces")
        now = self._clock()
        mine = Claim(owner=owner, key=key, created=now)
        self._forget(now - _KEPT_S)
        if self._inserted(mine):
            return mine
        with self._store.reading() as connection:
            row = connection.execute(select(KEYS).where(*_is(owner, key))).mappings().first()
        if row is None:  # it was let go of just now
            raise self._busy()
        job = self._store.get(row["job"], owner) if row["job"] else None
        if job is not None:
            return Claim(owner=owner, key=key, created=row["created"], job=job, content=row["content"])
        if row["created"] > now - self._longest_s or not self._taken(mine, row["created"]):
            raise self._busy()
        return mine

    def finish(self, claim: Claim, content: str, job: str) -> None:
        """Remember what came of a request, before its job is there for all to see.

        Raises:
            Problem: the key is this request's no more.
            StoreError: the database does not answer.
        """
        with self._store.writing() as connection:
            changed = connection.execute(
                update(KEYS)
                .where(*_is(claim.owner, claim.key), KEYS.c.created == claim.created)
                .values(content=content, job=job)
            )
            if not changed.rowcount:
                raise self._busy()

    def drop(self, claim: Claim) -> None:
        """Let go of a key, unless its request has made a job."""
        made = select(JOBS.c.id).where(JOBS.c.id == KEYS.c.job)
        with self._store.writing() as connection:
            connection.execute(
                delete(KEYS).where(
                    *_is(claim.owner, claim.key), KEYS.c.created == claim.created, ~made.exists()
                )
            )

    def forget_job(self, job: str) -> None:
        """Let go of the keys of a job that is deleted."""
        with self._store.writing() as connection:
            connection.execute(delete(KEYS).where(KEYS.c.job == job))

    def _inserted(self, claim: Claim) -> bool:
        row = {"owner": claim.owner, "key": claim.key, "content": "", "job": "", "created": claim.created}
        try:
            with self._store.writing() as connection:
                connection.execute(insert(KEYS).values(**row))
        except StoreError:
            with self._store.reading() as connection:
                there = connection.execute(select(KEYS.c.key).where(*_is(claim.owner, claim.key))).first()
            if there is None:
                raise
            return False
        return True

    def _taken(self, claim: Claim, before: float) -> bool:
        with self._store.writing() as connection:
            changed = connection.execute(
                update(KEYS)
                .where(*_is(claim.owner, claim.key), KEYS.c.created == before)
                .values(created=claim.created, content="", job="")
            )
            return bool(changed.rowcount)

    def _forget(self, before: float) -> None:
        with self._store.writing() as connection:
            connection.execute(delete(KEYS).where(KEYS.c.created < before))

    def _busy(self) -> Problem:
        return Problem(
            *(409, "IN_FLIGHT", "a request with this Idempotency-Key is on its way; ask again later"),
            headers={"Retry-After": "2"},
        )


def _is(owner: str, key: str) -> tuple:
    return (KEYS.c.owner == owner, KEYS.c.key == key)
