"""Simulated micrographs with their exact truth, for training and for scoring `detect`."""

import shutil
import sys
from functools import partial
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from mlcore.simulation.dataset import write_dataset
from mlcore.simulation.tiers import tier as tier_named

MAX_COUNT = 1_000_000
SIDE_PX = (64, 8192)
BYTES_A_PIXEL = 2.5


class Command(BaseCommand):
    help = "Write simulated 16-bit TIFF micrographs with calibration, and coco.json with the exact truth."
    requires_system_checks = []  # needs no running site and no database

    def add_arguments(self, parser):
        parser.add_argument("--count", type=int, required=True, metavar="N", help="How many frames.")
        parser.add_argument(
            "--tier", required=True, metavar="T", help="T1 to T6 by difficulty, or “training”."
        )
        parser.add_argument(
            "--seed", type=int, required=True, metavar="S", help="The same seed gives the same bytes."
        )
        parser.add_argument("--out", required=True, metavar="DIR", help="A new or empty folder.")
        parser.add_argument(
            "--size", type=int, default=512, metavar="PX", help="Side of a frame; 512 by default."
        )
        parser.add_argument("--processes", type=int, metavar="P", help="By default one a core.")
        parser.add_argument(
            "--gan", metavar="DIR", help="Refine them by the GAN that “train gan” left there; truth stays."
        )

    def handle(self, *, count, tier, seed, out, size, processes, gan, **options):
        try:
            tier_named(tier)
        except ValueError as error:
            raise CommandError(str(error)) from None
        if not 1 <= count <= MAX_COUNT:
            raise CommandError(f"--count must be from 1 to {MAX_COUNT}, got {count}.")
        if not SIDE_PX[0] <= size <= SIDE_PX[1]:
            raise CommandError(f"--size must be from {SIDE_PX[0]} to {SIDE_PX[1]} px, got {size}.")
        if seed < 0:
            raise CommandError(f"--seed must be 0 or more, got {seed}.")
        if processes is not None and processes < 1:
            raise CommandError(f"--processes must be 1 or more, got {processes}.")
        write = _by_gan(gan) if gan else None
        folder = _empty_folder(out, count * size * size * BYTES_A_PIXEL)
        try:
            with tqdm(total=count, unit="frame", file=sys.stderr, disable=None) as bar:
                path = write_dataset(
                    folder, count=count, tier=tier, seed=seed, size_px=(size, size), processes=processes,
                    on_frame=lambda name: bar.update(), write=write,
                )  # fmt: skip
        except BaseException as error:
            _clean(folder, tier, seed)
            if isinstance(error, OSError):
                raise CommandError(f"The frames could not be written: {error.strerror or error}.") from None
            raise
        self.stdout.write(f"{count} frame{'s' * (count != 1)} and {path.name} are in {out}.")


def _by_gan(name):
    # torch takes seconds to load: not for --help, nor for what is not refined
    from mlcore.inference.refiner import Refiner, write_frame_by

    try:
        Refiner(name)
    except ValueError as error:
        raise CommandError(str(error)) from None
    return partial(write_frame_by, str(Path(name).resolve()))


def _empty_folder(name, needed_bytes):
    folder = Path(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise CommandError(
                f"“{name}” is not empty: name a new folder, so that nothing in it is mixed up."
            )
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise CommandError(f"“{name}” cannot be used as a folder: {error.strerror}.") from None
    if free < needed_bytes:
        raise CommandError(
            f"The frames need {needed_bytes / 1e9:.1f} GB and this disk has {free / 1e9:.1f} GB left: "
            "make room, or write fewer or smaller frames."
        )
    return folder


def _clean(folder, tier, seed):
    """Nothing half-written stays; the folder was empty."""
    for path in [folder / ".coco.json.part", *folder.glob(f"{tier}-s{seed}-*.tif")]:
        path.unlink(missing_ok=True)
