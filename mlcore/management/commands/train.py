"""Train a network without a site; what was begun goes on where it stopped."""

import subprocess
import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from mlcore.data import sources
from mlcore.training.config import DetectorConfig, read_config
from mlcore.training.featurenet_config import FeatureNetConfig

CONFIGS = {"detector": DetectorConfig, "featurenet": FeatureNetConfig}


class Command(BaseCommand):
    help = "Train a network from a configuration file; the same command goes on with what is in --out."
    requires_system_checks = []  # needs no running site and no database

    def add_arguments(self, parser):
        parser.add_argument("network", choices=list(CONFIGS), help="What to train.")
        parser.add_argument(
            "--config", required=True, metavar="FILE", help="JSON; docs/networks.md names its parts."
        )
        parser.add_argument("--out", required=True, metavar="DIR", help="Folder of examples and checkpoint.")
        parser.add_argument("--workers", type=int, default=1, help="Processes that cut crops; 1 by default.")

    def handle(self, *, network, config, out, workers, **options):
        folder = Path(out)
        try:
            settings = read_config(config, CONFIGS[network])
            folder.mkdir(parents=True, exist_ok=True)
            ready = self.examples(settings, folder)
            if network == "featurenet":
                self.train_featurenet(settings, ready, folder)
            else:
                self.train(settings, ready, folder, workers)
        except (ValueError, OSError) as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            raise CommandError(f"Stopped; the same command goes on from the checkpoint in {out}.") from None
        self.stdout.write(
            f"Trained for {settings.steps} steps; the weights are in {folder / 'checkpoint.pt'}."
        )

    def examples(self, settings, folder):
        """Each source's share and files, made on the first start and kept."""
        ready, propose = [], None
        if getattr(settings, "teacher", None):
            from mlcore.training.teacher import Teacher  # torch takes seconds to load: not for --help

            propose = Teacher(settings.teacher)
        for k, source in enumerate(settings.sources):
            total = source["simulate"]["count"] if "simulate" in source else None
            with tqdm(total=total, unit="frame", desc=f"source {k}", file=sys.stderr, disable=None) as bar:
                paths = sources.prepare(
                    source, folder / f"examples-{k}", propose=propose,
                    on_example=lambda path, bar=bar: bar.update(),
                )  # fmt: skip
            ready.append((float(source.get("share", 1)), paths))
        return ready

    def train(self, settings, ready, folder, workers):
        from mlcore.training.detector import train_detector  # torch takes seconds to load: not for --help

        with tqdm(total=settings.steps, unit="step", file=sys.stderr, disable=None) as bar:

            def show(step, loss, terms):
                bar.n = step
                if step % 10 == 0:
                    bar.set_postfix(loss=f"{float(loss):.3f}")

            train_detector(
                settings, ready, folder, about={"commit": _commit()}, workers=workers, on_step=show
            )

    def train_featurenet(self, settings, ready, folder):
        from mlcore.evaluation import sizes
        from mlcore.training.featurenet import train_featurenet
        from mlcore.training.featurenet_shards import prepare

        paths = [path for _, some in ready for path in some]
        with tqdm(total=len(paths), unit="frame", desc="crops", file=sys.stderr, disable=None) as bar:
            place = Path(settings.shards) if settings.shards else folder / "shards"
            shards = prepare(settings, paths, place, on_example=lambda: bar.update())
        with tqdm(total=settings.steps, unit="step", file=sys.stderr, disable=None) as bar:

            def show(step, loss, terms):
                bar.n = step
                if step % 10 == 0:
                    bar.set_postfix(loss=f"{float(loss):.3f}")

            done = train_featurenet(settings, shards, folder, about={"commit": _commit()}, on_step=show)
        for line in sizes.lines(done["metrics"]):
            self.stdout.write(line)


def _commit():
    """The code's commit, or "unknown" outside of a repository."""
    asked = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"
