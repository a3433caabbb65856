"""Who speaks in each shot, as a job's settings say it: by place, size or number, or by likeness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from lipsync_ray.analysis import Analysis, choose, choose_cast
from lipsync_ray.config import Config
from lipsync_ray.errors import FaceNotFound, LimitExceeded, VideoUnreadable
from lipsync_ray.faces.models import load_models
from lipsync_ray.faces.mouths import KeptMouths
from lipsync_ray.faces.shots import find_cuts, shot_of
from lipsync_ray.faces.track import FaceScan
from lipsync_ray.harvest import cut_crops, fetch_crops
from lipsync_ray.inputs import Inputs
from lipsync_ray.jobs.places import JobSpec
from lipsync_ray.jobs.scanning import open_scan
from lipsync_ray.jobs.site import Site
from lipsync_ray.media.bounds import check_size
from lipsync_ray.media.frame import Box
from lipsync_ray.people.likeness import WEIGHTS, Describer
from lipsync_ray.people.people import People, find_people
from lipsync_ray.people.reference import describe_reference, find_reference
from lipsync_ray.people.tracks import Fetch
from lipsync_ray.speakers.cast import cast_of
from lipsync_ray.storage.uri import name_of

LEAST_SENSE = 0.4  # likeness that other people hardly reach: a lower limit is not worth trying


def choose_speakers(spec: JobSpec, config: Config, inputs: Inputs, scan: str, site: Site) -> Analysis:
    """Choose the speaker of every shot of a job whose faces are known, or the face of each of its cast.

    Args:
        spec: the job as it was given, for what people are told.
        config: the same with paths of this machine.
        inputs: what is known of its files, with paths of this machine.
        scan: name of the finished scan.
        site: where the scan lies.

    Raises:
        FaceNotFound: somebody has no usable face in the whole video, or nobody is like a picture.
        ConfigError, MediaError, WeightsMissing, WeightsCorrupt, LicenseRefused.
    """
    found = open_scan(inputs.table, scan, site)
    table = replace(inputs.table, path=spec.config.video)  # errors tell the place that was given
    like = _like_pictures(spec, config, inputs, found)
    cast = cast_of(config.speakers.rows)
    if cast:
        return choose_cast(found, table, config.face, cast, like)
    return choose(found, table, config.face, like.get(""))


def check_references(given: Config, config: Config) -> None:
    """See whether the pictures of people show faces, before a long video is searched for them.

    Args:
        given: the job as it was given, for what people are told.
        config: the same with paths of this machine.

    Raises:
        FaceNotFound, ConfigError, MediaError, WeightsMissing, WeightsCorrupt, LicenseRefused.
    """
    shown = _pictured(given, config)
    if shown:
        store = config.weights.store(config.license.policy)
        store.path(WEIGHTS)  # fetched, or refused
        models = load_models(store, config.face)
        for one in shown:
            try:
                check_size(one.path, config.limits)
            except (VideoUnreadable, LimitExceeded) as error:
                raise type(error)(f"{one.option}: {error}") from error
            find_reference(one.path, models, one.name, one.option)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pictured:
    """Somebody whom a picture names."""

    speaker: str  # empty: the only one of a job without a map
    path: str  # of the picture, on this machine
    name: str  # of it, as people know it

    @property
    def option(self) -> str:
        """Where it was given."""
        return f"speakers: {self.speaker}" if self.speaker else "face.reference"


def _pictured(given: Config, config: Config) -> list[_Pictured]:
    """All whom pictures name; ``given`` is the job as it was given, ``config`` has paths of this machine."""
    casts = cast_of(config.speakers.rows), cast_of(given.speakers.rows)
    if casts[0]:
        return [
            _Pictured(speaker=here.name, path=here.who.picture, name=name_of(told.who.picture))
            for here, told in zip(*casts, strict=True)
            if here.who.kind == "reference"
        ]
    place, told = config.face.reference, given.face.reference
    return [] if place is None or told is None else [_Pictured(speaker="", path=place, name=name_of(told))]


def fetch_from(config: Config, inputs: Inputs) -> Fetch:
    """Decodes crops of a job's frames, here and now."""
    source = (inputs.table, config.media.reader)

    def fetch(frames: np.ndarray, boxes: list[Box]) -> list[np.ndarray]:
        return fetch_crops(frames, boxes, lambda pieces: (cut_crops(piece, source) for piece in pieces))

    return fetch


def fetch_mouths(config: Config, inputs: Inputs, kept: Callable[[], KeptMouths]) -> Fetch:
    """Crops about the mouths of a job's frames: those that its scan has kept, and the others decoded.

    ``kept`` brings the kept ones here, once somebody asks for mouths.
    """
    decode = fetch_from(config, inputs)
    if config.media.reader != "pyav":  # which scans read with: another one's pictures may differ
        return decode

    def fetch(frames: np.ndarray, boxes: list[Box]) -> list[np.ndarray]:
        found = kept().crops(frames, boxes)
        missing = [row for row, crop in enumerate(found) if crop is None]
        made = iter(decode(frames[missing], [boxes[row] for row in missing]) if missing else ())
        return [next(made) if crop is None else crop for crop in found]

    return fetch


def people_of(config: Config, inputs: Inputs, found: FaceScan, describer: Describer) -> People:
    """The people of a job's video."""
    shots = shot_of(find_cuts(found.cut_scores(), inputs.table.times()), len(inputs.table))
    return find_people(found, shots, inputs.table, fetch_from(config, inputs), describer)


def _like_pictures(spec: JobSpec, config: Config, inputs: Inputs, found: FaceScan) -> dict[str, np.ndarray]:
    """Rows of faces like each picture, ``bool[r]`` by speaker; none in a video that shows no face."""
    shown = _pictured(spec.config, config)
    if not shown or not len(found.light()):
        return {}
    store = config.weights.store(config.license.policy)
    describer, models = Describer(store), load_models(store, config.face)
    references = [describe_reference(one.path, models, describer, one.name, one.option) for one in shown]
    people = people_of(config, inputs, found, describer)
    nearest = people.nearest(references, config.face.likeness)
    for number, (one, reference) in enumerate(zip(shown, references, strict=True)):
        if not (nearest == number).any():
            raise FaceNotFound(_nobody(people, reference, one, spec.config, inputs.table.times()))
    return {one.speaker: nearest == number for number, one in enumerate(shown)}


def _nobody(people: People, reference: np.ndarray, one: _Pictured, config: Config, times: np.ndarray) -> str:
    """Why nobody speaks, and what to try."""
    video, name = name_of(config.video), f"{one.name} ({one.option})"
    if not len(people):
        return (
            f"no face in {video} is large enough and turned to the camera, so none can be compared with "
            f"{name}. Name the face in another way, such as by its place"
        )
    alike = people.likeness(reference)
    best = int(np.argmax(alike))
    if alike[best] >= config.face.likeness:
        return f"whoever is like {name} in {video} is as like another picture: two speakers have one face"
    when = times[people.frame[int(np.argmax(people.person == best))]]
    lower = np.floor(alike[best] * 20) / 20
    return (
        f"nobody in {video} is like {name}: the most alike of {len(people)}, first seen at "
        f"{when:.1f} s, is {alike[best]:.2f} like it, and face.likeness={config.face.likeness:g} is needed. "
        "Try another picture of the person"
        + (f", or face.likeness={lower:g}" if lower >= LEAST_SENSE else "")
    )
