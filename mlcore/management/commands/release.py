"""Make the folder of weights that the learned engine reads, from trainings' checkpoints."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from mlcore.evaluation.folds import folds
from mlcore.evaluation.sets import LABELS, VALIDATION_SEED, load_set, simulated

TIERS = ("T2", "T3", "T4", "T5")


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
            "--folds", metavar="DIR", help="Weights of each fold, that judge labelled frames."
        )
        parser.add_argument("--data", metavar="DIR", help="Folder of the labelled sets.")
        parser.add_argument("--work", required=True, metavar="DIR", help="Where scenes are kept.")

    def handle(self, *, detector, featurenet, model_version, out, scenes, data, work, **options):
        from mlcore.training.release import release  # torch takes seconds to load: not for --help

        try:
            judged, familiar = [], []
            for tier in TIERS if scenes else ():
                frames = simulated(tier, Path(work), scenes, 1, VALIDATION_SEED)
                judged.append((None, frames))
                familiar += [one.labelled.image() for one in frames]
            if options["folds"]:
                for name in LABELS:
                    frames = load_set(name, data=Path(data), work=Path(work))
                    familiar += [one.labelled.image() for one in frames]
                    for fold in folds():
                        mine = [one for one in frames if one.fold == fold.name]
                        judged.append((Path(options["folds"]) / fold.name, mine))
            model = release(
                out, version=model_version, detector=detector, featurenet=featurenet, judged=judged,
                familiar=familiar,
            )  # fmt: skip
        except (ValueError, OSError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{model.version} is in {out}.")
