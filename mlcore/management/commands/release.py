"""Make the folder of weights that the learned engine reads, from trainings' checkpoints."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from mlcore.evaluation.folds import folds
from mlcore.evaluation.sets import LABELS, VALIDATION_SEED, load_set, simulated

TIERS = ("T2", "T3", "T4", "T5")
FAMILIAR = {"training": 60, "empty": 20}  # frames more of what is no stranger


class Command(BaseCommand):
    help = (
        "Write weights in half precision with what a confidence is worth (on scenes of a seed that nothing "
        "else uses, and on the labelled frames that each fold's network did not see) and what is familiar."
    )
    requires_system_checks = []  # needs no running site and no database

    def add_arguments(self, parser):
        parser.add_argument("--detector", required=True, metavar="DIR", help="Of its training.")
        parser.add_argument("--featurenet", metavar="DIR", help="Of its training.")
        parser.add_argument("--model-version", required=True, metavar="V", help="What tables will call it.")
        parser.add_argument("--out", required=True, metavar="DIR")
        parser.add_argument(
            "--scenes", type=int, default=8, help="Of each tier that confidences are fitted on."
        )
        parser.add_argument(
            "--folds",
            metavar="DIR",
            help="Weights of each fold, that are shown the labelled frames which it held out.",
        )
        parser.add_argument("--data", metavar="DIR", help="Folder of the labelled sets.")
        parser.add_argument("--work", required=True, metavar="DIR", help="Where scenes are kept.")

    def handle(self, *, detector, featurenet, model_version, out, scenes, data, work, **options):
        from mlcore.training.release import release  # torch takes seconds to load: not for --help

        try:
            frames, names = [], [fold.name for fold in folds()] if options["folds"] else []
            for tier in TIERS if scenes else ():
                some = simulated(tier, Path(work), scenes, 1, VALIDATION_SEED)
                frames += [(tier, one) for one in some]
            for name in LABELS if names else ():
                frames += [(name, one) for one in load_set(name, data=Path(data), work=Path(work))]
            more = [
                ("", one)
                for tier, count in FAMILIAR.items() if scenes
                for one in simulated(tier, Path(work), count, 1, VALIDATION_SEED)
            ]  # fmt: skip
            model = release(
                out, version=model_version, detector=detector, featurenet=featurenet, frames=frames,
                folds={name: Path(options["folds"]) / name for name in names},
                familiar=[one.labelled.image() for _, one in frames + more],
            )  # fmt: skip
        except (ValueError, OSError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{model.version} is in {out}.")
