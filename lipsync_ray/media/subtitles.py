"""Text subtitles from one container's form to another's: the words are kept, styling is not."""

from __future__ import annotations

import re

TEXT_CODECS = frozenset(("subrip", "text", "ass", "ssa", "webvtt", "mov_text"))
# What the mov_text encoder wants before it writes its sample description; nothing of it is shown.
ASS_HEADER = (
    b"[Script Info]\r\nScriptType: v4.00+\r\n\r\n[V4+ Styles]\r\n"
    b"Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, "
    b"Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, "
    b"MarginL, MarginR, MarginV, Encoding\r\n"
    b"Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1\r\n\r\n"
    b"[Events]\r\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\r\n"
)


def to_text(payload: bytes, codec: str) -> str:
    """The words of one subtitle packet, lines separated by a newline; empty where nothing is shown.

    Forms: mov_text has a two-byte length, the text and then styles (3GPP TS 26.245); an ASS packet in
    Matroska has eight fields and commas before its text; SubRip and WebVTT are text with tags.
    """
    if codec == "mov_text":
        length = int.from_bytes(payload[:2], "big")
        return payload[2 : 2 + length].decode("utf-8", "replace").replace("\r\n", "\n").strip()
    text = payload.decode("utf-8", "replace").replace("\r\n", "\n").rstrip("\0")
    if codec in ("ass", "ssa"):
        text = text.split(",", 8)[-1]
        text = re.sub(r"\{[^}]*\}", "", text).replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " ")
    else:
        text = re.sub(r"</?[a-zA-Z][^<>]*>", "", text)
    return text.strip()


def from_text(text: str, codec: str) -> bytes:
    """A packet of ``codec`` (``mov_text`` or ``subrip``) that shows the text."""
    data = text.encode()
    if codec == "mov_text":
        data = data[:65_535]
        return len(data).to_bytes(2, "big") + data
    return data
