"""Bytes as the texts that people and other programs write: manifests, maps, options, sidecars, records."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from lipsync_ray.artifact import ChunkRecord, load_record, save_record
from lipsync_ray.batch.journal import read_journal
from lipsync_ray.batch.manifest import read_manifest
from lipsync_ray.batch.table import decode
from lipsync_ray.overrides import load_config
from lipsync_ray.provenance.beside import read_sidecar
from lipsync_ray.speakers.reading import with_rows
from lipsync_ray.speakers.settings import SpeakersSettings
from lipsync_ray.triage.pace import Paces
from tests.fuzz.target import Target

_RECORD = ChunkRecord(name="a", start=0, stop=0, bytes=0, overlap_bytes=0, digests="")


def _written(data: bytes, folder: Path, name: str) -> str:
    (folder / name).write_bytes(data)
    return str(folder / name)


def read_batch(data: bytes, folder: Path) -> object:
    """The first byte tells the format, the rest is the manifest of a backlog."""
    ending = ("csv", "jsonl", "parquet")[data[0] % 3] if data else "csv"
    return read_manifest(_written(data[1:], folder, f"jobs.{ending}"), out_dir=str(folder))


def read_speakers(data: bytes, folder: Path) -> object:
    """The first byte tells the format, the rest is a map of speakers."""
    ending = ("csv", "json", "rttm")[data[0] % 3] if data else "csv"
    return with_rows(SpeakersSettings(map=_written(data[1:], folder, f"map.{ending}")))


def read_words(data: bytes, folder: Path) -> object:
    """Words of a command line, one a line."""
    del folder
    return load_config(["video=a.mp4", "audio=b.wav", *data.decode("utf-8", "surrogateescape").split("\n")])


def read_beside(data: bytes, folder: Path) -> object:
    """The sidecar of an output: found beside it, and named by the user."""
    place = _written(data, folder, "out.json")
    return read_sidecar(place, named=False), read_sidecar(place, named=True)


def read_kept(data: bytes, folder: Path) -> object:
    """What a run keeps for the next: records of chunks, the journal and the ledger of a batch, paces."""
    _written(data, folder, "a.json")
    _written(data, folder, "paces.json")
    journal = Path(_written(data, folder, "journal"))
    found = load_record(folder, "a"), read_journal(journal), Paces.load(str(folder))
    return found, decode("ledger", data)


def batch_seeds(folder: Path) -> list[bytes]:
    """Each format, with options."""
    del folder
    row: dict[str, Any] = {"id": "x", "video": "a.mp4", "audio": "b.wav", "encode": {"crf": 20}}
    sink = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist([row]), sink)
    rows = b"id,video,audio,out,encode.crf,sync.fps\nx,a.mp4,b.wav,c.mp4,20,30000/1001\n"
    speakers = {**row, "speakers": {"rows": [{"speaker": "A", "face": "left", "audio": "leave"}]}}
    return [
        b"\x00" + rows,
        b"\x01" + json.dumps(row).encode(),
        b"\x01" + json.dumps(speakers).encode(),
        b"\x02" + sink.getvalue(),
    ]


def speaker_seeds(folder: Path) -> list[bytes]:
    """Each format."""
    del folder
    return [
        b"\x00speaker,face,start,end,audio,skip\nA,left,0:01,2.5,a.wav,\nB,640:200,,,leave,\n",
        b'\x01[{"speaker": "A", "face": "3+7", "start": 1.5, "end": "00:00:02,5", "audio": "a.wav"}]',
        b"\x02SPEAKER talk 1 0.50 2.25 <NA> <NA> A <NA> <NA>\n",
    ]


def word_seeds(folder: Path) -> list[bytes]:
    """Every kind of value."""
    del folder
    return [
        b"encode.crf=20\nencode.preset=slow\nface.box=[1,2,3,4]\nsync.fps=30000/1001",
        b"engine=wav2lip\nengine.pads=[0,10,0,0]\npreset=fast",
        b'speakers.rows=[{speaker:A,face:left}]\naudio.segments=[{"start":1,"end":2,"file":"a.wav"}]',
        b"cache.enabled=false\nray.workers=null\nquality.max_offset_ms=1e3",
    ]


def beside_seeds(folder: Path) -> list[bytes]:
    """A sidecar as a dub writes one."""
    del folder
    told = {"mode": "c2pa", "sha256": "0" * 64, "manifest": "urn:c2pa:x", "edited": [[0.5, 1.25]]}
    whole = {"lipsync_ray": "0.1.0", "plan": {"engine": "wav2lip"}}
    return [json.dumps({**whole, "provenance": {**told, "engines": {"wav2lip": [[0, 1]]}}}).encode()]


def kept_seeds(folder: Path) -> list[bytes]:
    """One of each."""
    save_record(folder, _RECORD)
    row = {"id": "a", "video": "v", "audio": "s", "out": "o", "started": "2026-01-01T00:00:00Z"}
    rows = json.dumps({"base": "x"}) + "\n" + json.dumps(row) + "\n"
    return [
        (folder / "a.json").read_bytes(),
        rows.encode(),
        b'{"render/wav2lip/cpu": {"factor": 1.5, "jobs": 3}}',
    ]


_OPTIONS = (
    b"_target_",
    b"${oc.env:HOME}",
    b"encode.",
    b"engine=",
    b"null",
    b"1e999",
    b"range(1,9)",
    b"[[",
    b"{a:",
)
TARGETS = (
    Target(name="manifest", feed=read_batch, seeds=batch_seeds, tokens=_OPTIONS),
    Target(
        name="speakers", feed=read_speakers, seeds=speaker_seeds, tokens=(b"SPEAKER ", b"leave", b"nan", b"*")
    ),
    Target(name="words", feed=read_words, seeds=word_seeds, tokens=_OPTIONS),
    Target(name="sidecar", feed=read_beside, seeds=beside_seeds, tokens=(b'"provenance"', b'"sha256"')),
    Target(name="kept", feed=read_kept, seeds=kept_seeds, tokens=(b'"digests"', b'"flush"', b"PAR1")),
)
