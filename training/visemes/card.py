"""Fill the numbers of the model card from what was measured."""

from __future__ import annotations

import re
from pathlib import Path

CARD = Path(__file__).with_name("MODEL_CARD.md")
COLUMNS = {
    "accuracy": "frames right",
    "accuracy_speech": "of speech",
    "bilabial_recall": "p b m found",
    "bilabial_false": "found falsely",
    "aperture_r": "aperture r",
    "width_r": "width r",
}
NAMES = {
    "flite_awb": "English voice (flite awb)",
    "festival_czech_ph": "Czech voice (Festival ph)",
    "espeak_sv": "Swedish (espeak-ng)",
    "espeak_tr": "Turkish (espeak-ng)",
}


def filled(text: str, metrics: dict) -> str:
    """The card's text with the parts between ``<!-- name -->`` and ``<!-- -->`` made anew."""
    parts = {
        "version": f"`{metrics['version']}`",
        "parameters": f"{metrics['parameters']:,}",
        "kilobytes": f"{metrics['bytes'] / 1000:.0f}",
        "hours": f"{metrics['hours_of_features']:.0f}",
        "voices": str(len(metrics["voices"])),
        "table": "\n\n" + table(metrics["held_out"]) + "\n\n",
        "silence": silence(metrics["silence"]["mean probability"]),
    }
    return re.sub(
        r"(<!-- (\w+) -->).*?(<!-- -->)",
        lambda found: found[1] + parts[found[2]] + found[3],
        text,
        flags=re.S,
    )


def table(held: dict[str, dict[str, float]]) -> str:
    """Measures on held-out voices, a row each in each condition."""
    rows = [["heard", "as", *COLUMNS.values()], ["---", "---", *["--:"] * len(COLUMNS)]]
    for name in NAMES:
        for key in sorted(key for key in held if key.startswith(f"{name}@")):
            numbers = [f"{held[key][column]:.2f}".lstrip("0") for column in COLUMNS]
            rows.append([NAMES[name], key.split("@")[1], *numbers])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def silence(found: dict[str, float]) -> str:
    """Probabilities by kind of sound."""
    return ", ".join(f"{kind} {value:.2f}".replace(" 0.", " .") for kind, value in found.items())


def fill(metrics: dict) -> None:
    """Write the card anew."""
    CARD.write_text(filled(CARD.read_text(), metrics))
