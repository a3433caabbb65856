"""What both judges ask of their command line."""

from __future__ import annotations

import argparse


def parser(script: str, text: str | None, *, out: str) -> argparse.ArgumentParser:
    """A parser that shows a script's own docstring; ``out`` says what its folder is for."""
    text = text or ""
    made = argparse.ArgumentParser(
        usage=f"{script} CLIPS... --out DIR [options] [key=value ...]",
        description=text.splitlines()[0],
        epilog=text,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("--out", required=True, help=out)
    made.add_argument("--weights", help="weights for the speech model instead of the package's own")
    made.add_argument("--landmarks", help="folder with faces of another tracker (STEM.npz) as the judge")
    return made
