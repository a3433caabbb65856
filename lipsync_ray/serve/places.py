"""Where the service keeps its files: all names below its folder are made here."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from lipsync_ray.errors import StorageError
from lipsync_ray.preview.settings import PreviewSettings
from lipsync_ray.serve.job import InputFile, ServedJob
from lipsync_ray.serve_settings import ServeSettings
from lipsync_ray.storage.uri import is_remote

_SECRET_BYTES = 32


class Places:
    """Paths below the service's folder. Only ``make`` and ``secret`` write anything.

    Args:
        data_dir: the folder; a relative one is taken from the present working folder.
    """

    def __init__(self, data_dir: str | Path) -> None:
        self.root = Path(os.path.abspath(os.path.expanduser(data_dir)))

    def make(self) -> None:
        """Make the folder, for its owner only. Raises StorageError: it cannot be written."""
        try:
            for folder in (self.root, self.incoming(), self.jobs(), self.logs(), self.cache()):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"the folder {self.root} cannot be made ({error.strerror}); choose another serve.data_dir"
            ) from error

    def jobs(self) -> Path:
        """The folder of the folders of all jobs."""
        return self.root / "jobs"

    def job(self, id: str) -> Path:
        """The folder of a job."""
        return self.jobs() / id

    def incoming(self) -> Path:
        """The folder of uploads that are on their way."""
        return self.root / "incoming"

    def cache(self) -> Path:
        """Finished pieces of jobs, unless ``cache.dir`` is given."""
        return self.root / "cache"

    def logs(self) -> Path:
        """The folder of the service's logs."""
        return self.root / "logs"

    def access_log(self) -> Path:
        """A line of JSON for each request."""
        return self.logs() / "access.jsonl"

    def service_lock(self) -> Path:
        """Held by the process that was started as the service."""
        return self.root / "service.lock"

    def runner_lock(self) -> Path:
        """Held by the one process that works on the jobs."""
        return self.root / "runner.lock"

    def input(self, job: ServedJob, file: InputFile) -> str:
        """Where an input of a job lies: a path, or the address that was given."""
        return file.place if is_remote(file.place) else str(self.job(job.id) / file.place)

    def source(self, job: ServedJob) -> str:
        """The video of a job: a path, or an address."""
        return self.input(job, job.video)

    def sound(self, job: ServedJob) -> str | None:
        """The sound of a job: a path, an address, or None if it has none."""
        return None if job.audio is None else self.input(job, job.audio)

    def result(self, job: ServedJob) -> Path:
        """The dubbed video."""
        return self.job(job.id) / f"result.{job.container}"

    def sidecar(self, job: ServedJob) -> Path:
        """What is known of the dubbed video, JSON."""
        return self.job(job.id) / "result.json"

    def report(self, job: ServedJob) -> Path:
        """The page with the measures of the dubbed video."""
        return self.job(job.id) / "result.report.html"

    def manifest(self, job: ServedJob) -> Path:
        """The content credentials of a container that cannot hold them."""
        return self.job(job.id) / "result.c2pa"

    def strip(self, job: ServedJob) -> Path:
        """A picture of all shots."""
        return self.job(job.id) / "strip.jpg"

    def face(self, job: ServedJob, n: int) -> Path:
        """A picture of a person, by the number of the first of its faces."""
        return self.job(job.id) / "faces" / f"{n}.jpg"

    def preview(self, job: ServedJob) -> Path:
        """The preview: a PNG, or an MP4 where a clip was asked for."""
        kind = job.options.get("preview.kind", PreviewSettings().kind)
        return self.job(job.id) / f"result{PreviewSettings(kind=kind).ending}"

    def secret(self) -> bytes:
        """Random bytes that sign what is given out: made at first, the same ever after, for all processes.

        Raises:
            StorageError: they cannot be read or written.
        """
        path = self.root / "secret"
        try:
            if not path.exists():
                self._make_secret(path)
            return path.read_bytes()
        except OSError as error:
            raise StorageError(f"the service's secret {path} cannot be kept ({error.strerror})") from error

    def database_url(self, settings: ServeSettings) -> str:
        """SQLAlchemy's URL of the database."""
        return settings.database or f"sqlite:///{self.root / 'service.db'}"

    def _make_secret(self, path: Path) -> None:
        draft = path.with_name(f"secret-{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was faster: its bytes count
            os.link(draft, path)
        draft.unlink()
