"""The quality report: one page that holds everything it shows, readable without a network."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from lipsync_ray.quality.curves import embedded
from lipsync_ray.quality.figures import Figures, Seen
from lipsync_ray.quality.flags import Flag
from lipsync_ray.quality.pictures import Picture
from lipsync_ray.quality.review import RoleReview
from lipsync_ray.quality.settings import QualitySettings

_STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1e; --dim: #6b6b70; --paper: #fff; --line: #d9d9de;
  --seen: #0a6cff; --wanted: #e07a00; --flag: #d0021b; --wave: #c9cbd2; --left: #88888833; }
@media (prefers-color-scheme: dark) { :root { --ink: #eee; --dim: #a0a0a6; --paper: #18181a;
  --line: #3a3a3e; --seen: #5aa2ff; --wanted: #ffb04d; --flag: #ff5c6c; --wave: #3d3f46; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto;
  max-width: 62rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; } td, th { text-align: left; padding: .25rem .9rem .25rem 0;
  border-bottom: 1px solid var(--line); vertical-align: top; } td.n { font-variant-numeric: tabular-nums; }
.bad { color: var(--flag); font-weight: 600; } .dim { color: var(--dim); }
svg { width: 100%; height: auto; display: block; margin: .4rem 0; border-bottom: 1px solid var(--line); }
polyline { fill: none; stroke-width: 1.6; } .wanted { stroke: var(--wanted); } .seen { stroke: var(--seen); }
.wave { fill: var(--wave); } rect.flag { fill: var(--flag); opacity: .16; }
text { font-size: 11px; fill: var(--dim); } text.flag { fill: var(--flag); } .left { fill: var(--left); }
.faces { display: flex; flex-wrap: wrap; gap: .8rem; } figure { margin: 0; }
figure img { height: 11rem; vertical-align: top; } figcaption { font-size: .8rem; color: var(--dim); }
b.wanted { color: var(--wanted); } b.seen { color: var(--seen); } pre { overflow: auto; font-size: .8rem; }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What a report shows of one role."""

    review: RoleReview
    seen: Seen
    plots: Sequence[str]  # SVG
    pictures: Sequence[Picture]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """All that a report shows."""

    name: str  # of the output
    people: Sequence[Person]
    settings: QualitySettings
    told: Mapping[str, Any]  # the settings of the job


def page(content: Content) -> str:
    """The report as HTML."""
    flags = sum(len(person.review.flags) for person in content.people)
    head = "Nothing is flagged." if not flags else f"{flags} flags: look at them first."
    parts = [
        f"<h1>{escape(content.name)}</h1><p>{head}</p>",
        *(
            part
            for number, person in enumerate(content.people, 1)
            for part in _person(person, content.settings, number)
        ),
        "<h2>Settings</h2>",
        f"<details><summary>All options of this dub</summary><pre>"
        f"{escape(json.dumps(content.told, indent=1, ensure_ascii=False))}</pre></details>",
        '<p class="dim">The figures are defined, with their limits, in docs/quality.md of lipsync_ray. Only '
        "those named so are LSE-C and LSE-D.</p>",
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Quality of {escape(content.name)}</title><style>{_STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _person(person: Person, settings: QualitySettings, number: int) -> list[str]:
    review = person.review
    return [
        f"<h1>{escape(review.name)}</h1>" if review.name else "",
        _flags(person.seen, review.flags),
        "<h2>Figures</h2>",
        _figures(review.figures, settings),
        "<h2>Mouth and sound</h2>",
        '<p>Opening of the mouth that the sound asks for (<b class="wanted">wanted</b>) and that is found in '
        'the output (<b class="seen">seen</b>), over the sound. Grey: frames that show the source’s own '
        "mouth. Red: flags.</p>",
        *person.plots,
        embedded(person.seen, number),
        "<h2>Faces: source, output</h2>",
        f'<div class="faces">{"".join(_picture(picture) for picture in person.pictures)}</div>',
    ]


def _flags(seen: Seen, flags: Sequence[Flag]) -> str:
    if not flags:
        return ""
    rows = "".join(
        f'<tr><td class="bad">{escape(flag.kind)}</td><td class="n">{_when(seen, flag)}</td>'
        f"<td>{escape(flag.text)}</td></tr>"
        for flag in flags
    )
    return f"<table><tr><th>flag</th><th>when</th><th>what</th></tr>{rows}</table>"


def _when(seen: Seen, flag: Flag) -> str:
    if flag.whole:
        return "all of it"
    begin, end = float(seen.times[flag.start]), float(seen.times[flag.stop - 1])
    return f"{begin:.2f}–{end:.2f} s, frames {flag.start}–{flag.stop - 1}"


def _figures(figures: Figures, settings: QualitySettings) -> str:
    sync = figures.sync
    closed = f"{sync.hits} of {sync.closed}" if sync.closed else None
    rows = [
        ("agreement of mouth and sound (r)", sync.r, f"{settings.min_r:g} or more, in any 2 s"),
        ("opening seen over wanted", sync.gain, ""),
        ("mouth after its sound", _ms(sync.offset_ms), ""),
        ("the same in the source", _ms(figures.own_offset_ms), ""),
        ("change against the source", _ms(figures.offset_change_ms), f"±{settings.max_offset_ms:g} ms"),
        ("closures that close", closed, f"{settings.min_closed:.0%} or more"),
        ("motion at rest, eye distances/s", figures.rest_motion, f"{settings.max_rest:g} or less"),
        ("trembling over the source’s", figures.jitter, f"{settings.max_jitter:g} or less"),
        ("greatest jump between pieces, levels", figures.jump, f"{settings.max_jump:g} or less"),
        (
            "sharpness of the mouth over the source’s",
            figures.sharpness,
            f"{settings.min_sharpness:g} or more",
        ),
        ("picture outside the crop, dB", figures.psnr_outside, f"{settings.min_psnr:g} or more"),
        ("LSE-C, SyncNet’s confidence", figures.lse_c, ""),
        ("LSE-D, SyncNet’s distance", figures.lse_d, ""),
        ("mouth after its sound for SyncNet, frames at 25 fps", figures.lse_offset, ""),
        ("frames, of them measured", f"{figures.frames}, {figures.measured}", ""),
        ("frames with the source’s own mouth", _left(figures.passed_through), ""),
    ]
    body = "".join(
        f'<tr><td>{escape(name)}</td><td class="n">{"–" if value is None else escape(str(value))}</td>'
        f'<td class="dim">{escape(limit)}</td></tr>'
        for name, value, limit in rows
    )
    return f"<table><tr><th>figure</th><th>here</th><th>not flagged</th></tr>{body}</table>"


def _ms(value: float | None) -> str | None:
    return None if value is None else f"{value:+.0f} ms"


def _left(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in counts.items() if count) or "none"


def _picture(picture: Picture) -> str:
    why = f", {picture.moment.why}" if picture.moment.why else ""
    caption = f"{picture.time:.2f} s, frame {picture.moment.number}{why}"
    return (
        f'<figure><img src="{picture.before}" alt="source at {caption}"> '
        f'<img src="{picture.after}" alt="output at {caption}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
