"""Score tables of `detect` against a truth, without a site."""

import json

from django.core.management.base import BaseCommand, CommandError

from mlcore.evaluation.evaluate import RESAMPLES, evaluate
from mlcore.evaluation.frames import read_predictions, read_truth


class Command(BaseCommand):
    help = (
        "Score the tables that detect wrote against a truth: a COCO JSON file, a folder of YOLO labels by "
        "their images, or a folder of label masks. Files pair by stem. Intervals are 95 %, over images."
    )
    requires_system_checks = []  # needs no running site and no database

    def add_arguments(self, parser):
        parser.add_argument("--predictions", required=True, metavar="DIR", help="What detect --out wrote.")
        parser.add_argument("--truth", required=True, metavar="FILE", help="COCO JSON, or a folder.")
        parser.add_argument(
            "--pixel-size-nm", type=float, metavar="X", help="For a truth that does not say it."
        )
        parser.add_argument(
            "--min-confidence", type=float, default=0.0, metavar="C", help="Leave out less sure ones."
        )
        parser.add_argument("--json", action="store_true", help="Print JSON.")
        parser.add_argument("--resamples", type=int, default=RESAMPLES, help="Of the bootstrap.")

    def handle(self, *, predictions, truth, pixel_size_nm, min_confidence, resamples, **options):
        if pixel_size_nm is not None and not 0 < pixel_size_nm < 1e6:
            raise CommandError(f"--pixel-size-nm must be above 0, got {pixel_size_nm}.")
        if not 0 <= min_confidence <= 1:
            raise CommandError(f"--min-confidence must be from 0 to 1, got {min_confidence}.")
        if resamples < 0:
            raise CommandError(f"--resamples must be 0 or more, got {resamples}.")
        try:
            true = read_truth(truth, pixel_size_nm)
            found = {
                name: one.surer_than(min_confidence) for name, one in read_predictions(predictions).items()
            }
            figures = evaluate(true, found, resamples=resamples)
        except ValueError as error:
            raise CommandError(str(error)) from None
        missing = sorted(set(true) - set(found))
        others = sorted(set(found) - set(true))
        about = {
            "frames": len(true),
            "frames_without_prediction": missing,
            "predictions_without_truth": others,
        }
        if options["json"]:
            self.stdout.write(json.dumps({**about, "figures": figures}, indent=2))
            return
        self.stdout.write(f"{len(true)} frames, {figures['recall']['n']} particles that count.")
        if missing:
            self.stdout.write(
                f"No table for {len(missing)}, counted as found nothing: {', '.join(missing[:5])} …"
            )
        if others:
            self.stdout.write(f"No truth for {len(others)} tables, left out: {', '.join(others[:5])} …")
        for name, one in figures.items():
            self.stdout.write(f"{name:32s} {_text(one['value']):>9s}  {_interval(one):21s} n {one['n']}")


def _text(value):
    return "–" if value is None else f"{value:.4g}"


def _interval(one):
    return "" if one["low"] is None else f"[{_text(one['low'])}, {_text(one['high'])}]"
