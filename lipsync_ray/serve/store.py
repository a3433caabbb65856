"""The service's jobs in a database: what is asked for, what is done, who has used how much."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from lipsync_ray.errors import StoreError
from lipsync_ray.serve.database import open_database
from lipsync_ray.serve.job import ENDED, InputFile, Kind, ServedJob, State
from lipsync_ray.serve.tables import JOBS, USES

_NAMES = tuple(field.name for field in fields(ServedJob))


class JobStore:
    """Jobs in a database. Any number of processes and threads may use the same one.

    Args:
        url: SQLAlchemy's, such as ``sqlite:////data/service.db`` or ``postgresql+psycopg://host/name``.
        clock: seconds since the epoch.

    Raises:
        StoreError: the database cannot be reached, or has no room; so do all methods.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        with _told():
            self._engine = open_database(url)

    @property
    def engine(self) -> Engine:
        """The database itself, for tables beside the jobs."""
        return self._engine

    def add(self, job: ServedJob, *, bytes_: int = 0, seconds: float | None = None) -> None:
        """Put a new job at the end of the queue.

        Args:
            job: which one.
            bytes_: that files of its folder fill.
            seconds: counted to its owner, see ``use``; None: it does not count.
        """
        row = {**asdict(job), "bytes": bytes_}
        with self.writing() as connection:
            connection.execute(insert(JOBS).values(**row))
            if seconds is not None:
                connection.execute(insert(USES).values(**self._used(job, seconds)))

    def get(self, id: str, owner: str | None = None) -> ServedJob | None:
        """A job; None if there is none, or none of this owner's."""
        where = [JOBS.c.id == id, *([JOBS.c.owner == owner] if owner is not None else [])]
        return next(iter(self._jobs(where, limit=1)), None)

    def find(
        self,
        *,
        owner: str | None = None,
        states: Sequence[State] = (),
        kind: str | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> list[ServedJob]:
        """Jobs, the newest first; those made before the job ``before`` if that is given."""
        where: list[ColumnElement[bool]] = []
        if owner is not None:
            where.append(JOBS.c.owner == owner)
        if states:
            where.append(JOBS.c.state.in_(states))
        if kind is not None:
            where.append(JOBS.c.kind == kind)
        if before is not None:
            where.append(JOBS.c.number < select(JOBS.c.number).where(JOBS.c.id == before).scalar_subquery())
        return self._jobs(where, limit=limit, newest=True)

    def queued(self, limit: int) -> list[ServedJob]:
        """Jobs that wait, the first in line first."""
        return self._jobs([JOBS.c.state == "queued"], limit=limit)

    def first_of_owners(self, kinds: Sequence[Kind]) -> list[ServedJob]:
        """The first waiting job of each owner, of these kinds, the first in line first."""
        where = (JOBS.c.state == "queued", JOBS.c.kind.in_(kinds))
        first = select(func.min(JOBS.c.number)).where(*where).group_by(JOBS.c.owner)
        return self._jobs([JOBS.c.number.in_(first)], limit=1000)

    def position(self, job: ServedJob) -> int | None:
        """How many jobs wait before this one; None if it does not wait."""
        if job.state != "queued":
            return None
        mine = select(JOBS.c.number).where(JOBS.c.id == job.id).scalar_subquery()
        return self._count([JOBS.c.state == "queued", JOBS.c.number < mine])

    def count(self, states: Sequence[State], owner: str | None = None) -> int:
        """Jobs in any of these states."""
        where = [JOBS.c.state.in_(states), *([JOBS.c.owner == owner] if owner is not None else [])]
        return self._count(where)

    def bytes_of(self, owner: str) -> int:
        """What files of an owner's jobs fill; an input that several of them have counts once."""
        query = select(JOBS.c.id, JOBS.c.video, JOBS.c.audio, JOBS.c.bytes).where(JOBS.c.owner == owner)
        others, inputs = 0, {}
        with self.reading() as connection:
            for id, *files, size in connection.execute(query):
                others += size
                for file in (InputFile(**file) for file in files if file):
                    if file.own:
                        others -= file.bytes or 0
                        inputs[file.of or id, file.place] = file.bytes or 0
        return others + sum(inputs.values())

    def change(self, id: str, *, given: Sequence[State] = (), **values: Any) -> ServedJob | None:
        """Change a job, if it is in one of the states ``given`` (none: in any).

        Returns:
            The job as it is then; None if nothing was changed.
        """
        where = [JOBS.c.id == id, *([JOBS.c.state.in_(given)] if given else [])]
        with self.writing() as connection:
            changed = connection.execute(
                update(JOBS).where(*where).values(**values, version=JOBS.c.version + 1)
            )
            if not changed.rowcount:
                return None
            return _job(connection.execute(select(JOBS).where(JOBS.c.id == id)).mappings().one())

    def remove(self, id: str) -> bool:
        """Remove an ended job; its files are the caller's to remove. False: there is none, or it goes on."""
        with self.writing() as connection:
            gone = connection.execute(delete(JOBS).where(JOBS.c.id == id, JOBS.c.state.in_(ENDED)))
            return bool(gone.rowcount)

    def shares_video(self, job: ServedJob) -> bool:
        """Whether a job on its way has the same video: its faces may be looked for in this one's file."""
        running = self.find(states=("running",), limit=1000)
        return any(one.id != job.id and one.video.sha256 == job.video.sha256 != "" for one in running)

    def put_back(self) -> list[str]:
        """Queue all jobs that are on their way: for who has just taken over from a runner that is gone."""
        where = [JOBS.c.state == "running"]
        with self.writing() as connection:
            ids = list(connection.execute(select(JOBS.c.id).where(*where)).scalars())
            connection.execute(update(JOBS).where(*where).values(state="queued", version=JOBS.c.version + 1))
        return ids

    def ended_before(self, moment: float) -> list[ServedJob]:
        """Jobs that ended before a moment."""
        return self._jobs([JOBS.c.state.in_(ENDED), JOBS.c.finished < moment], limit=1000)

    def calls_due(self, now: float) -> list[ServedJob]:
        """Ended jobs whose callbacks are due."""
        return self._jobs(
            [JOBS.c.calling == "due", JOBS.c.call_after <= now, JOBS.c.state.in_(ENDED)], limit=100
        )

    def use(self, job: ServedJob, seconds: float) -> None:
        """Count so many seconds to the owner of a job, in the place of what was counted for it before."""
        row = self._used(job, seconds)
        mine = update(USES).where(USES.c.owner == job.owner, USES.c.job == job.id).values(seconds=seconds)
        with self.writing() as connection:
            if connection.execute(mine).rowcount:
                return
        try:
            with self.writing() as connection:
                connection.execute(insert(USES).values(**row))
        except _Twice:  # just now, by another process
            with self.writing() as connection:
                connection.execute(mine)

    def unuse(self, job: ServedJob) -> None:
        """Count nothing for a job any more."""
        with self.writing() as connection:
            connection.execute(delete(USES).where(USES.c.owner == job.owner, USES.c.job == job.id))

    def used_seconds(self, owner: str, since: float) -> float:
        """Seconds counted to an owner since a moment."""
        query = select(func.coalesce(func.sum(USES.c.seconds), 0.0))
        with self.reading() as connection:
            return float(
                connection.execute(query.where(USES.c.owner == owner, USES.c.time >= since)).scalar_one()
            )

    def check(self) -> None:
        """Ask the database for something. Raises StoreError."""
        with self.reading() as connection:
            connection.execute(select(func.count()).select_from(JOBS).limit(1))

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that changes something. Raises StoreError."""
        with _told(), self._engine.connect().execution_options(w=True) as connection, connection.begin():
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads. Raises StoreError."""
        with _told(), self._engine.connect() as connection:
            yield connection

    def _used(self, job: ServedJob, seconds: float) -> dict[str, Any]:
        return {"owner": job.owner, "job": job.id, "seconds": seconds, "time": self._clock()}

    def _jobs(
        self, where: Sequence[ColumnElement[bool]], *, limit: int, newest: bool = False
    ) -> list[ServedJob]:
        order = JOBS.c.number.desc() if newest else JOBS.c.number
        query = select(JOBS).where(*where).order_by(order).limit(limit)
        with self.reading() as connection:
            return [_job(row) for row in connection.execute(query).mappings()]

    def _count(self, where: Sequence[ColumnElement[bool]]) -> int:
        with self.reading() as connection:
            return int(connection.execute(select(func.count()).select_from(JOBS).where(*where)).scalar_one())


class _Twice(StoreError):
    """What is to be unique is there already."""


def _job(row: Mapping[Any, Any]) -> ServedJob:
    values = {name: row[name] for name in _NAMES}
    audio = values["audio"]
    return ServedJob(
        **{
            **values,
            "video": InputFile(**values["video"]),
            "audio": None if audio is None else InputFile(**audio),
        }
    )


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise _Twice(f"the service's database refuses a row that it has already ({error.orig})") from error
    except SQLAlchemyError as error:
        reason = next(iter(str(getattr(error, "orig", None) or error).splitlines()), type(error).__name__)
        raise StoreError(
            f"the service's database does not answer ({reason}); check serve.database and its disk"
        ) from error
