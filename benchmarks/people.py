"""Whether the people of a film are told apart; the film is put together from clips of one person each."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from threadpoolctl import threadpool_limits

from lipsync_ray.faces.scan import scan
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.faces.shots import find_cuts, shot_of
from lipsync_ray.harvest import cut_crops, fetch_crops
from lipsync_ray.media.index import build_table
from lipsync_ray.people.likeness import Describer, likeness
from lipsync_ray.people.people import find_people
from lipsync_ray.weights.store import WeightStore

SIDE = 360  # px, of the square that shows a person at most
LENGTH = 30  # frames of a shot


def frames_of(path: str) -> list[np.ndarray]:
    """Up to 125 frames, the upper square of each; a picture repeated."""
    out = []
    with av.open(path) as container:
        for _, frame in zip(range(125), container.decode(video=0), strict=False):
            rgb = frame.to_ndarray(format="rgb24")
            side = min(rgb.shape[:2])
            left = (rgb.shape[1] - side) // 2
            square = rgb[:side, left : left + side]
            out.append(cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA))
    return out if len(out) > LENGTH else out[:1] * 125


def shots_of(people: list[list[np.ndarray]], count: int) -> Iterator[tuple[list[int], list[np.ndarray]]]:
    """Shots of one or two people side by side, each of another size and light: who is seen, and frames."""
    rng, before = np.random.default_rng(3), [-1]
    for _ in range(count):
        while (seen := rng.permutation(len(people))[: rng.integers(1, 3)].tolist()) == before:
            pass
        before = seen
        size, light = int(SIDE * rng.uniform(0.45, 1)), rng.uniform(0.5, 1.4)
        start, wall, mirrored = rng.integers(0, 125 - LENGTH), int(rng.integers(20, 235)), rng.random() < 0.2
        frames = []
        for number in range(start, start + LENGTH):
            picture = np.full((SIDE, 2 * SIDE, 3), wall, np.uint8)
            for place, person in enumerate(seen):
                square = people[person][number % len(people[person])][:, :: -1 if mirrored else 1]
                square = cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA) * light
                picture[-size:, place * SIDE : place * SIDE + size] = np.clip(square, 0, 255)
            frames.append(picture)
        yield seen, frames


def write_film(path: Path, people: list[list[np.ndarray]], count: int) -> list[list[int]]:
    """Write the film; returns who is seen in each shot, from left to right."""
    told = []
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "30"})
        stream.width, stream.height, stream.pix_fmt = 2 * SIDE, SIDE, "yuv420p"
        for seen, frames in shots_of(people, count):
            told.append(seen)
            for rgb in frames:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, "rgb24")))
        container.mux(stream.encode(None))
    return told


def main() -> None:
    """Print how many people were found in how many tracks, and how alike the tracks are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", metavar="FILE", help="a picture or video of one person each")
    parser.add_argument("--shots", type=int, default=30)
    given = parser.parse_args()
    threadpool_limits(1)  # as in workers
    store = WeightStore()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        told = write_film(path, [frames_of(file) for file in given.files], given.shots)
        table = build_table(path)
        faces = scan(table, Path(folder), FaceSettings(), weights=store)
        light = faces.light()
        shots = shot_of(find_cuts(faces.cut_scores(), table.times()), len(table))

        def fetch(frames: np.ndarray, boxes: list[Any]) -> list[np.ndarray]:
            return fetch_crops(
                frames, boxes, lambda pieces: (cut_crops(one, (table, "pyav")) for one in pieces)
            )

        began = time.process_time()
        found = find_people(faces, shots, table, fetch, Describer(store))
        took = time.process_time() - began
    side = ((light.box[:, 0] + light.box[:, 2]) / 2 > SIDE).astype(int)
    truth = np.array([[*told[frame // LENGTH], -1][at] for frame, at in zip(light.frame, side, strict=True)])
    pairs = {(int(who), int(person)) for who, person in zip(truth, found.person, strict=True)}
    names = {track: int(truth[np.argmax(found.track == track)]) for track in found.tracks}
    alike: dict[bool, list[float]] = {True: [], False: []}
    for one in names:
        for other in (name for name in names if name < one):
            value = float(likeness(found.tracks[one], found.tracks[other]))
            alike[names[one] == names[other]].append(value)
    print(
        f"{len(given.files)} people in {len(told)} shots, {int(found.track.max()) + 1} tracks of faces of "
        f"{light.size.min():.0f} to {light.size.max():.0f} px"
    )
    print(f"{len(found)} people found in {len(found.tracks)} described tracks, {took:.1f} s of CPU")
    print(f"who is who: {'right' if len(pairs) == len(given.files) == len(found) else sorted(pairs)}")
    print(
        f"tracks of one person at least {min(alike[True]):.2f} alike, of two at most {max(alike[False]):.2f}"
    )
    mixed = sum(len(set(truth[light.face == face].tolist())) > 1 for face in np.unique(light.face))
    print(f"face numbers that pass from one person to another across a cut: {mixed}")


if __name__ == "__main__":
    main()
