"""Make the viseme model's weights: ``python -m training.visemes --work FOLDER``."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from lipsync_ray.speech.visemes.weights import FILE
from training.visemes import card
from training.visemes.dataset import DatasetSettings
from training.visemes.learn import LearnSettings
from training.visemes.network import NetworkSettings
from training.visemes.pipeline import Recipe, run

# Small takes half a minute instead of the best part of an hour.
SMALL = {"nets": 1, "width": 32, "steps": 250, "copies": 1, "shards": 1, "clips": 12, "silent": 1}
FULL = {"nets": 2, "width": 64, "steps": 5000, "copies": 2, "shards": 6, "clips": 100, "silent": 6}


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    made = argparse.ArgumentParser(prog="python -m training.visemes", description=__doc__)
    made.add_argument(
        "--work", type=Path, required=True, help="folder of everything in between; 2 GB when full"
    )
    made.add_argument("--size", choices=("full", "small"), default="full", help="small needs pip alone")
    made.add_argument("--corpus", type=Path, help="folder of the synthesized speech [WORK/corpus]")
    made.add_argument("--out", type=Path, default=FILE, help="the file of weights")
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--nets", type=int, help="networks averaged in the file [2, small: 1]")
    made.add_argument("--tries", type=int, help="seeds tried, of which the best are kept [as many as --nets]")
    made.add_argument("--width", type=int, help="channels of a network [64, small: 32]")
    made.add_argument("--steps", type=int, help="of training [5000, small: 250]")
    made.add_argument("--copies", type=int, help="altered copies of each utterance [2, small: 1]")
    made.add_argument("--processes", type=int, default=2, help="that compute features")
    made.add_argument("--threads", type=int, default=2, help="of PyTorch")
    made.add_argument("--card", action="store_true", help="write the numbers into the model card, too")
    return made


def recipe_of(options: argparse.Namespace) -> Recipe:
    """What the options ask for."""
    usual = FULL if options.size == "full" else SMALL
    asked = {name: getattr(options, name) or usual[name] for name in ("nets", "width", "steps", "copies")}
    return Recipe(
        dataset=DatasetSettings(
            copies=asked["copies"],
            scene_shards=usual["shards"],
            negative_shards=usual["shards"],
            clips=usual["clips"],
            seed=options.seed,
        ),
        network=NetworkSettings(width=asked["width"]),
        learn=LearnSettings(steps=asked["steps"], seed=options.seed),
        nets=asked["nets"],
        tries=options.tries or asked["nets"],
        silent=usual["silent"],
    )


def table(metrics: dict) -> Table:
    """What was measured on held-out voices, and on sounds without speech."""
    shown = Table(title=f"weights {metrics['version']}")
    columns = list(next(iter(metrics["held_out"].values())))
    for name in ("held out", *columns):
        shown.add_column(name.replace("_", " "), justify="left" if name == "held out" else "right")
    for voice, found in metrics["held_out"].items():
        shown.add_row(voice, *(f"{found[name]:.2f}" for name in columns))
    shown.caption = "P(silence): " + ", ".join(
        f"{kind} {value:.2f}" for kind, value in metrics["silence"]["mean probability"].items()
    )
    return shown


def main() -> None:
    """Run what is missing, and show what came of it."""
    options = parser().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(options.threads)
    options.work.mkdir(parents=True, exist_ok=True)
    corpus = options.corpus or options.work / "corpus"
    if options.corpus is None:
        from training.visemes.synthesize import synthesize

        synthesize(corpus, size=options.size, progress=logging.getLogger(__name__).info)
    metrics = run(options.work, corpus, options.out, recipe_of(options), options.processes)
    if options.card:
        card.fill(metrics)
    Console(width=130).print(table(metrics))


if __name__ == "__main__":
    main()
