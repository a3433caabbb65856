"""The list of dubs that a person should look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lipsync_ray.batch.ledger import read_ledger
from lipsync_ray.batch.page import review_page
from lipsync_ray.batch.row import Row
from lipsync_ray.batch.summary import summarise
from lipsync_ray.cli import main
from tests.batch.rows import row


def done(id: str, concern: float, *flags: str, out: str) -> Row:
    return row(id, state="done", concern=concern, flags=flags, out=out)


@pytest.mark.parametrize(
    ("out_dir", "out", "link"),
    [
        ("/b", "/b/videos/a 1.mp4", "videos/a%201.report.html"),
        ("/b", "/elsewhere/a.mp4", "../elsewhere/a.report.html"),
        ("s3://x/b", "s3://x/b/videos/a.mp4", "videos/a.report.html"),
        ("s3://x/b", "s3://y/a.mp4", "s3://y/a.report.html"),
    ],
)
def test_reports_are_linked_from_where_the_page_lies(out_dir: str, out: str, link: str) -> None:
    summary = summarise([done("a", 0.5, "offset", out=out)], wall_s=1.0)
    assert f'href="{link}"' in review_page(summary, out_dir)


def test_the_gravest_come_first_and_good_ones_not_at_all() -> None:
    rows = [
        done("mild", 0.2, "soft", out="/b/mild.mp4"),
        done("bad", 2.0, "offset", "seam", out="/b/bad.mp4"),
        done("good", 0.0, out="/b/good.mp4"),
        row("failed", state="failed", flags=("offset",), concern=9.0),
    ]
    summary = summarise(rows, wall_s=1.0)
    assert [doubt.id for doubt in summary.review] == ["bad", "mild"]
    text = review_page(summary, "/b")
    assert "2 of 3 finished dubs are flagged" in text
    assert text.index(">bad<") < text.index("mild")
    assert "offset, seam" in text
    assert "good" not in text.replace("finished", "")
    (head, first, second) = summary.text().partition("LOOK AT")[2].splitlines()[:3]
    assert "CONCERN" in head
    assert first.split()[:2] == ["bad", "2.00"]
    assert second.split()[:2] == ["mild", "0.20"]


def test_a_batch_writes_reports_and_the_list_of_them(
    media_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip, speech = media_dir / "talk_closeup_590.mp4", media_dir / "speech_10s.wav"
    rows = [
        {"id": "good", "video": str(clip), "audio": str(speech)},
        {"id": "late", "video": str(clip), "audio": str(speech), "sync.offset": 240},
    ]
    listed = tmp_path / "backlog.jsonl"
    listed.write_text("".join(json.dumps(entry) + "\n" for entry in rows))
    out = tmp_path / "out"
    words = [f"manifest={listed}", f"out_dir={out}", f"cache.dir={tmp_path / 'cache'}"]
    assert main(["batch", *words, "ray.cluster=none", "encode.preset=ultrafast"]) == 0
    found = {entry.id: entry for entry in read_ledger(str(out))}
    assert (found["good"].flags, found["good"].concern) == ((), 0.0)
    assert found["late"].flags == ("offset",)
    assert found["late"].concern > 1
    assert found["late"].review_s > 0
    page = (out / "review.html").read_text()
    assert 'href="videos/late.report.html"' in page
    assert (out / "videos" / "late.report.html").exists()
    assert (out / "videos" / "good.report.html").exists()
    assert json.loads((out / "summary.json").read_text())["review"][0]["id"] == "late"
    capsys.readouterr()
    assert main(["status", f"out_dir={out}"]) == 0
    assert "LOOK AT" in capsys.readouterr().out
