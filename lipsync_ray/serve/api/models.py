"""Shapes of requests and answers, for the description in OpenAPI."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from lipsync_ray.serve.api import examples
from lipsync_ray.serve.api.examples import ID, shown_by
from lipsync_ray.serve.job import Calling, Kind, State


class ProblemShown(BaseModel):
    """Why a request was not done (RFC 9457)."""

    model_config = shown_by(examples.PROBLEM)

    type: str = "about:blank"
    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    code: str = Field(description="for programs: stable", examples=["VIDEO_UNREADABLE"])
    detail: str = Field(description="for people: one line")


class FileShown(BaseModel):
    """An input of a job."""

    model_config = shown_by(examples.VIDEO, examples.AUDIO)

    name: str = Field(description="as its owner calls it", examples=["interview.mp4"])
    bytes: int | None = Field(description="null: not known", examples=[1_048_576])
    uri: str | None = Field(default=None, description="of an input that was not uploaded")


class ChunksShown(BaseModel):
    """Pieces of a dub, by their numbers."""

    model_config = shown_by(examples.CHUNKS)

    total: int
    done: list[int]
    running: list[int]


class ProgressShown(BaseModel):
    """How far a job is."""

    model_config = shown_by(examples.PROGRESS)

    stage: str = Field(description="examine, scan, prepare, render, measure, stitch, triage or preview")
    done: int = Field(description="frames, or pieces of work, of this stage")
    total: int | None
    share: float | None = Field(description="of this stage, 0 to 1")
    chunks: ChunksShown | None = None
    seconds_left: float | None = Field(default=None, description="estimate; null: not known")
    note: str = ""


class ErrorShown(BaseModel):
    """Why a job failed."""

    model_config = shown_by(examples.ERROR)

    code: str = Field(examples=["FACE_NONE"])
    message: str


class CallbackShown(BaseModel):
    """Who is told of the end of a job."""

    model_config = shown_by(examples.CALLBACK)

    url: str
    state: Calling
    tries: int


class JobShown(BaseModel):
    """A job."""

    model_config = shown_by(examples.RUNNING, examples.DONE, examples.FAILED)

    id: str = Field(examples=[ID])
    kind: Kind
    state: State
    engine: str = Field(examples=["unit_selection"])
    preset: str = Field(examples=["balanced"])
    options: dict[str, Any] = Field(examples=[{"encode.crf": 18}])
    container: str = Field(examples=["mp4"])
    video: FileShown
    audio: FileShown | None
    created: str = Field(examples=["2026-01-31T12:00:00.000Z"])
    started: str | None
    finished: str | None
    position: int | None = Field(description="jobs that wait before it; null: it does not wait")
    starts: int = Field(description="how often it was begun; above 1 after a restart of the service")
    progress: ProgressShown | None
    result: dict[str, Any] | None = Field(description="depends on the kind; null: not done")
    error: ErrorShown | None
    callback: CallbackShown | None
    links: dict[str, str] = Field(
        description="what there is now, by name", examples=[{"self": f"/v1/jobs/{ID}"}]
    )


class JobsShown(BaseModel):
    """A page of the list of jobs, the newest first."""

    model_config = shown_by({"jobs": [examples.RUNNING, examples.FAILED], "next": examples.OTHER_ID})

    jobs: list[JobShown]
    next: str | None = Field(description="cursor of the next page; null: this is the last")


class EngineShown(BaseModel):
    """An engine that may be asked for."""

    model_config = shown_by(examples.ENGINE)

    name: str
    about: str
    ready: bool
    why: str = Field(description="why it is not ready; empty if it is")


class PresetShown(BaseModel):
    """How much a job may cost."""

    model_config = shown_by(examples.PRESET)

    name: str = Field(examples=["fast"])
    about: str


class OptionShown(BaseModel):
    """An option that a job may set."""

    model_config = shown_by(examples.OPTION)

    name: str = Field(examples=["encode.crf"])
    type: str = Field(examples=["a whole number or null"])
    default: str = Field(description="as YAML writes it", examples=["null"])
    choices: list[str] = Field(description="if it takes nothing else")
    about: str
    engine: str | None = Field(default=None, description="the engine that has it; null: all jobs")


class OptionsShown(BaseModel):
    """What may be asked for."""

    model_config = shown_by(examples.OPTIONS)

    engines: list[EngineShown]
    presets: list[PresetShown]
    containers: list[str]
    kinds: list[str]
    limits: dict[str, float | None]
    options: list[OptionShown]
    auth: bool = Field(description="whether tokens are needed")
    consent: bool = Field(description="whether a dub needs the field consent")
    uris: bool = Field(description="whether inputs may be named by URI")
    callbacks: bool = Field(description="whether callback_url may be given")


class HealthShown(BaseModel):
    """The process answers."""

    model_config = shown_by({"status": "ok"})

    status: Literal["ok"] = "ok"


class ReadyShown(BaseModel):
    """Whether jobs can be taken and done; each check is ``ok`` or says what is wrong."""

    model_config = shown_by(examples.READY)

    ready: bool
    checks: dict[str, str] = Field(examples=[{"store": "ok", "disk": "ok", "page": "ok", "runner": "ok"}])


class Wish(BaseModel):
    """A job as it is asked for, as JSON. Files are named by URI, or taken from an earlier job."""

    model_config = shown_by(examples.WISH, extra="forbid")

    video: str | None = Field(default=None, max_length=2000, description="URI")
    audio: str | None = Field(default=None, max_length=2000, description="URI")
    kind: Kind = "dub"
    engine: str | None = Field(default=None, max_length=100, description="null: the service's own choice")
    preset: str | None = Field(default=None, max_length=100, description="fast, balanced or best")
    container: Literal["mp4", "mov", "mkv"] = "mp4"
    options: dict[str, Any] = Field(default_factory=dict, description="by their dotted names")
    callback_url: str | None = Field(default=None, max_length=2000)
    consent: str | None = Field(
        default=None, max_length=500, description="where the person's consent is found"
    )
    files_of: str | None = Field(
        default=None, max_length=64, description="id of an own earlier job whose files are taken"
    )


class WishForm(BaseModel):
    """A job as it is asked for, with its files."""

    model_config = shown_by(examples.FORM)

    video: str | None = Field(default=None, json_schema_extra={"format": "binary"})
    audio: str | None = Field(default=None, json_schema_extra={"format": "binary"})
    kind: Kind = "dub"
    engine: str | None = None
    preset: str | None = None
    container: Literal["mp4", "mov", "mkv"] = "mp4"
    options: str | None = Field(default=None, description="a JSON object", examples=['{"encode.crf": 18}'])
    callback_url: str | None = None
    consent: str | None = None
    files_of: str | None = None
