"""From what is asked for to a job in the queue."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lipsync_ray.config import Config
from lipsync_ray.errors import ConfigError, LipsyncError
from lipsync_ray.overrides import group_options, load_config
from lipsync_ray.serve.addresses import input_of
from lipsync_ray.serve.allowed import check_options
from lipsync_ray.serve.api.models import Wish
from lipsync_ray.serve.examine import examine
from lipsync_ray.serve.incoming import Form
from lipsync_ray.serve.job import InputFile, ServedJob, new_id
from lipsync_ray.serve.outbound import check_url
from lipsync_ray.serve.places import Places
from lipsync_ray.serve.plain import check_plain, read_json
from lipsync_ray.serve.problems import Problem
from lipsync_ray.serve.quotas import Quotas
from lipsync_ray.serve.store import JobStore
from lipsync_ray.serve_settings import ServeSettings
from lipsync_ray.wording import option_words

_CONSENT = "policy.consent"


class Desk:
    """Takes jobs in.

    Args:
        settings: limits.
        base: words of the operator, under those of every job.
        store: where jobs are kept.
        places: where their files are.
        clock: seconds since the epoch.

    Raises:
        ConfigError: ``base`` or ``serve.engines`` is wrong.
    """

    def __init__(
        self,
        *,
        settings: ServeSettings,
        base: Sequence[str],
        store: JobStore,
        places: Places,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._base = tuple(base)
        self._store = store
        self._places = places
        self._clock = clock
        self._quotas = Quotas(store, settings, clock)
        self._reading = threading.Lock()  # Hydra composes one configuration at a time
        self._adding = threading.Lock()  # between a look at the quotas and the row that counts for them
        _check_engines(settings.engines)
        config = self._load([])
        given = [word.partition("=")[2] for word in base if word.startswith("preset=")]
        self.preset = given[-1] if given else "balanced"
        self.engine = config.engine.name if config.engine.name in settings.engines else settings.engines[0]
        self.needs_consent = config.policy.require_consent

    def check_room(self, owner: str, length: int) -> None:
        """Refuse early, before ``length`` bytes are read. Raises Problem."""
        self._quotas.check(owner, bytes_=length)

    def settle(self, wish: Wish, owner: str) -> ServedJob:
        """A job out of what is asked for, without its files. Everything that needs no files is checked.

        Raises:
            Problem: something is wrong with it.
            ConfigError: an option is.
        """
        if wish.kind in ("dub", "preview") or wish.consent:
            consent = self._consent(wish)
        else:
            consent = {}
        if wish.callback_url:
            check_url(wish.callback_url, self._settings)
        options = {
            "engine": self._engine(wish.engine),
            "preset": self._preset(wish.preset),
            **wish.options,
        }
        check_options(wish.options, (options["engine"], *self._settings.engines))
        options |= consent
        self._load([*option_words(options), f"out=result.{wish.container}"])
        return ServedJob(
            id=new_id(),
            owner=owner,
            kind=wish.kind,
            options=options,
            container=wish.container,
            video=InputFile(name="", place=""),
            created=self._clock(),
            callback=wish.callback_url or "",
            calling="due" if wish.callback_url else "none",
        )

    def gather(self, wish: Wish, form: Form, folder: Path, owner: str) -> dict[str, InputFile]:
        """The files of a job: uploads in ``folder``, links to those of an earlier job, and addresses.

        Raises:
            Problem: one is missing, or not allowed.
            LipsyncError: an address cannot be looked at.
        """
        files = dict(form.files)
        for name, uri in (("video", wish.video), ("audio", wish.audio)):
            if uri:
                files[name] = input_of(uri, self._settings.inputs)
                check_plain([files[name].name, files[name].place], f"the name of {name}")
                if (files[name].bytes or 0) > self._settings.max_mb * 1e6:
                    raise Problem(
                        413, "TOO_LARGE", f"{files[name].name} is larger than {self._settings.max_mb:g} MB"
                    )
        if wish.files_of:
            files = {**self._linked(wish.files_of, owner, folder, files), **files}
        if "video" not in files:
            raise Problem(422, "FORM", "there is no video: send the file, a URI, or files_of")
        if "audio" not in files and wish.kind != "triage":
            raise Problem(422, "FORM", "there is no audio: send the file, a URI, or files_of")
        return files

    def measure(self, folder: Path, files: Mapping[str, InputFile]) -> float:
        """Look into the files; seconds of the longer one, 0: not known. Raises Problem, LimitExceeded."""
        return examine(folder, files["video"], files.get("audio"), self._settings)

    def add(self, job: ServedJob, folder: Path, remember: Callable[[], None]) -> None:
        """Move a job's files to their place and queue it; all of it or nothing.

        Args:
            job: with its files and seconds.
            folder: where its files are.
            remember: what has to be written before anybody sees the job.

        Raises:
            Problem: a quota is full by now.
            StoreError: the database does not answer.
        """
        files = [file for file in (job.video, job.audio) if file is not None and file.own]
        new = sum(file.bytes or 0 for file in files if not file.of)
        counted = job.seconds if job.kind == "dub" else None
        home = self._places.job(job.id)
        with self._adding:
            self._quotas.check(job.owner, bytes_=new, seconds=counted)
            remember()
            folder.rename(home)
            try:
                self._store.add(job, bytes_=sum(file.bytes or 0 for file in files), seconds=counted)
            except LipsyncError:
                shutil.rmtree(home, ignore_errors=True)
                raise

    def _linked(
        self, id: str, owner: str, folder: Path, others: Mapping[str, InputFile]
    ) -> dict[str, InputFile]:
        earlier = self._store.get(id, owner)
        if earlier is None:
            raise Problem(422, "FILES_OF", "there is no such job of yours whose files could be taken")
        files = {"video": earlier.video} | ({"audio": earlier.audio} if earlier.audio else {})
        files = {name: file for name, file in files.items() if name not in others}
        for file in files.values():
            if file.own:
                try:
                    (folder / file.place).hardlink_to(self._places.job(id) / file.place)
                except FileNotFoundError:
                    raise Problem(422, "FILES_OF", "the files of that job are no longer there") from None
        return {name: replace(file, of=file.of or id) if file.own else file for name, file in files.items()}

    def _engine(self, name: str | None) -> str:
        if name is None:
            return self.engine
        if ":" in name or name not in self._settings.engines:
            raise ConfigError(f"engine={name[:80]}: expected one of {', '.join(self._settings.engines)}")
        return name

    def _preset(self, name: str | None) -> str:
        if name is not None and name not in group_options("preset"):
            raise ConfigError(f"preset={name[:80]}: expected one of {', '.join(group_options('preset'))}")
        return name or self.preset

    def _consent(self, wish: Wish) -> dict[str, str]:
        if wish.consent:
            return {_CONSENT: wish.consent}
        if self.needs_consent:
            raise Problem(
                422, "CONSENT", "the field consent is needed: say where the consent of the person is found"
            )
        return {}

    def _load(self, words: Sequence[str]) -> Config:
        with self._reading:
            return load_config([*self._base, "video=video.mp4", "audio.file=audio.wav", *words])


def _check_engines(names: Sequence[str]) -> None:
    known = group_options("engine")
    if not names:
        raise ConfigError(f"serve.engines=[] leaves nothing to ask for; name some of {', '.join(known)}")
    for name in names:
        if name not in known:
            raise ConfigError(f"serve.engines: {name} is no engine; expected some of {', '.join(known)}")


def read_options(text: str) -> dict[str, Any]:
    """The field ``options`` of a form. Raises Problem: it is no JSON object."""
    options = read_json(text, "options")
    if not isinstance(options, dict):
        raise Problem(422, "INVALID", 'options must be a JSON object, such as {"encode.crf": 18}')
    return options
