"""The 32 classes of sounds that the network tells apart, and what each does to the lips.

Apertures describe the *inner lips* as a camera sees them, not the jaw: rounded vowels have a low jaw and a
small opening, *s* and *sh* a high jaw and parted lips. Unit of ``APERTURE``: 1 is the 85th percentile of a
speaker's opening while talking; negative values overshoot, so that the smoothed track still reaches 0.
``WIDTH``: 1 is 1.5 standard deviations of a speaker's mouth width, spread is positive. Both were derived from
measured faces and rounded. ``ROUNDING`` is an articulatory prior, 0 flat to 1 pursed.

Strength says how much a sound imposes its shape on its neighbours: *p* always closes the lips, *h* takes
whatever shape the vowel beside it has.
"""

from __future__ import annotations

import numpy as np

# class, aperture, width, rounding, strength of the aperture, strength of the width
TABLE: tuple[tuple[str, float, float, float, float, float], ...] = (
    ("sil", 0.15, 0.10, 0.00, 1.00, 0.30),
    ("a", 1.10, 0.35, 0.00, 1.00, 0.70),
    ("ae", 0.90, 0.65, 0.00, 1.00, 0.70),
    ("ah", 0.58, 0.00, 0.00, 0.75, 0.60),
    ("eh", 0.72, 0.50, 0.00, 1.00, 0.70),
    ("e", 0.68, 0.50, 0.00, 1.00, 0.80),
    ("ih", 0.62, 0.65, 0.00, 0.75, 0.80),
    ("i", 0.36, 0.40, 0.00, 1.00, 1.00),
    ("schwa", 0.42, 0.00, 0.00, 0.50, 0.30),
    ("er", 0.44, -0.20, 0.35, 0.75, 0.60),
    ("ao", 0.30, -0.80, 0.60, 1.00, 0.85),
    ("o", 0.28, -0.70, 0.85, 1.00, 1.00),
    ("uh", 0.26, -0.45, 0.65, 0.75, 0.85),
    ("u", 0.00, -0.75, 1.00, 1.00, 1.00),
    ("y", 0.15, -0.60, 0.95, 1.00, 1.00),
    ("oe", 0.38, -0.45, 0.75, 1.00, 0.85),
    ("p", -0.25, -0.15, 0.00, 2.00, 0.30),
    ("m", -0.40, -0.15, 0.00, 2.00, 0.30),
    ("f", 0.03, 0.10, 0.00, 1.50, 0.50),
    ("w", -0.15, -1.15, 1.00, 1.20, 1.20),
    ("th", 0.28, 0.05, 0.00, 0.70, 0.30),
    ("t", 0.46, 0.25, 0.00, 0.50, 0.30),
    ("n", 0.32, 0.20, 0.00, 0.50, 0.30),
    ("l", 0.36, 0.25, 0.00, 0.50, 0.30),
    ("s", 0.45, 0.45, 0.00, 1.00, 0.70),
    ("sh", 0.48, -0.30, 0.60, 1.00, 1.00),
    ("r", 0.22, -0.50, 0.40, 0.60, 0.70),
    ("k", 0.33, 0.05, 0.00, 0.35, 0.20),
    ("ng", 0.36, 0.08, 0.00, 0.35, 0.20),
    ("h", 0.42, 0.00, 0.00, 0.10, 0.05),
    ("j", 0.32, 0.35, 0.00, 0.60, 0.70),
    ("x", 0.42, 0.00, 0.00, 0.40, 0.20),
)
NAMES: tuple[str, ...] = tuple(row[0] for row in TABLE)
APERTURE, WIDTH, ROUNDING, APERTURE_STRENGTH, WIDTH_STRENGTH = np.array([row[1:] for row in TABLE]).T
COUNT = len(NAMES)
SILENCE, LABIODENTAL = NAMES.index("sil"), NAMES.index("f")
BILABIALS = (NAMES.index("p"), NAMES.index("m"))
