"""Who speaks in each shot, as a job's settings say it: by place and size, or by likeness."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lipsync_ray.analysis import Analysis, choose
from lipsync_ray.config import Config
from lipsync_ray.errors import FaceNotFound
from lipsync_ray.faces.models import load_models
from lipsync_ray.faces.shots import find_cuts, shot_of
from lipsync_ray.faces.track import FaceScan
from lipsync_ray.harvest import cut_crops, fetch_crops
from lipsync_ray.inputs import Inputs
from lipsync_ray.jobs.places import JobSpec
from lipsync_ray.jobs.scanning import open_scan
from lipsync_ray.jobs.site import Site
from lipsync_ray.people.likeness import WEIGHTS, Describer
from lipsync_ray.people.people import People, find_people
from lipsync_ray.people.reference import describe_reference, find_reference
from lipsync_ray.people.tracks import Fetch
from lipsync_ray.storage.uri import name_of

LEAST_SENSE = 0.4  # likeness that other people hardly reach: a lower limit is not worth trying


def choose_speaker(spec: JobSpec, config: Config, inputs: Inputs, scan: str, site: Site) -> Analysis:
    """Choose the speaker of every shot of a job whose faces are known.

    Args:
        spec: the job as it was given, for what people are told.
        config: the same with paths of this machine.
        inputs: what is known of its files, with paths of this machine.
        scan: name of the finished scan.
        site: where the scan lies.

    Raises:
        FaceNotFound: no usable face in the whole video, or none like ``face.reference``.
        ConfigError, MediaError, WeightsMissing, WeightsCorrupt, LicenseRefused.
    """
    found = open_scan(inputs.table, scan, site)
    table = replace(inputs.table, path=spec.config.video)  # errors tell the place that was given
    return choose(found, table, config.face, _like_reference(spec, config, inputs, found))


def check_reference(given: Config, config: Config) -> None:
    """See whether ``face.reference`` shows a face, before a long video is searched for it.

    Args:
        given: the job as it was given, for what people are told.
        config: the same with paths of this machine.

    Raises:
        FaceNotFound, ConfigError, MediaError, WeightsMissing, WeightsCorrupt, LicenseRefused.
    """
    if config.face.reference is not None and given.face.reference is not None:
        store = config.weights.store(config.license.policy)
        store.path(WEIGHTS)  # fetched, or refused
        find_reference(config.face.reference, load_models(store, config.face), name_of(given.face.reference))


def fetch_from(config: Config, inputs: Inputs) -> Fetch:
    """Decodes crops of a job's frames, here and now."""
    source = (inputs.table, config.media.reader)

    def fetch(frames: np.ndarray, boxes: list[Any]) -> list[np.ndarray]:
        return fetch_crops(frames, boxes, lambda pieces: (cut_crops(piece, source) for piece in pieces))

    return fetch


def people_of(config: Config, inputs: Inputs, found: FaceScan, describer: Describer) -> People:
    """The people of a job's video."""
    shots = shot_of(find_cuts(found.cut_scores(), inputs.table.times()), len(inputs.table))
    return find_people(found, shots, inputs.table, fetch_from(config, inputs), describer)


def _like_reference(spec: JobSpec, config: Config, inputs: Inputs, found: FaceScan) -> np.ndarray | None:
    """Rows of faces like ``face.reference``; None where none is given, or the video has no face at all."""
    place, given = config.face.reference, spec.config.face.reference
    if place is None or given is None or not len(found.light()):
        return None
    store = config.weights.store(config.license.policy)
    describer = Describer(store)
    reference = describe_reference(place, load_models(store, config.face), describer, name_of(given))
    people = people_of(config, inputs, found, describer)
    among = people.like(reference, config.face.likeness)
    if not among.any():
        raise FaceNotFound(_nobody(people, reference, spec.config, inputs.table.times()))
    return among


def _nobody(people: People, reference: np.ndarray, config: Config, times: np.ndarray) -> str:
    """Why nobody speaks, and what to try."""
    video, name = name_of(config.video), name_of(config.face.reference or "")
    if not len(people):
        return (
            f"no face in {video} is large enough and turned to the camera, so none can be compared with "
            f"{name} (face.reference). Try another face.select"
        )
    alike = people.likeness(reference)
    best = int(np.argmax(alike))
    when = times[people.frame[int(np.argmax(people.person == best))]]
    lower = np.floor(alike[best] * 20) / 20
    return (
        f"nobody in {video} is like {name} (face.reference): the most alike of {len(people)}, first seen at "
        f"{when:.1f} s, is {alike[best]:.2f} like it, and face.likeness={config.face.likeness:g} is needed. "
        "Try another picture of the person"
        + (f", or face.likeness={lower:g}" if lower >= LEAST_SENSE else "")
    )
