"""Train a network without a site; what was begun goes on where it stopped.

With --processes it starts itself anew by torch's launcher; started by torchrun it is one of several.
"""

import os
import subprocess
import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from mlcore.data import sources
from mlcore.training.config import DetectorConfig, read_config
from mlcore.training.featurenet_config import FeatureNetConfig
from mlcore.training.gan_config import GanConfig

CONFIGS = {"detector": DetectorConfig, "featurenet": FeatureNetConfig, "gan": GanConfig}


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
        parser.add_argument(
            "--device", choices=["cpu", "cuda"], default="cpu", help="Where it learns; cpu by default."
        )
        parser.add_argument(
            "--processes", type=int, default=1,
            help="Processes that learn together, one a GPU; batches are shared among them, so that the "
            "weights are those of one. Or start the command by torchrun.",
        )  # fmt: skip

    def handle(self, *, network, config, out, workers, device, processes, **options):
        folder = Path(out)
        try:
            settings = read_config(config, CONFIGS[network])
            if network == "gan" and (processes > 1 or "RANK" in os.environ):
                raise ValueError("A GAN is trained by one process; leave --processes out.")
            if processes > 1 and "RANK" not in os.environ:
                if settings.batch_size % processes:
                    raise ValueError(
                        f"A batch of {settings.batch_size} cannot be shared among {processes} processes; "
                        f"name a batch_size that is a multiple of {processes}."
                    )
                return self.spread(network, config, out, workers, device, processes)
            folder.mkdir(parents=True, exist_ok=True)
            self.work(network, settings, folder, workers, device)
        except (ValueError, OSError) as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            raise CommandError(f"Stopped; the same command goes on from the checkpoint in {out}.") from None
        if os.environ.get("RANK", "0") == "0":
            self.stdout.write(
                f"Trained for {settings.steps} steps; the weights are in {folder / 'checkpoint.pt'}."
            )

    def spread(self, network, config, out, workers, device, processes):
        """The same command in several processes, by torch's launcher."""
        command = [
            sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes),
            sys.argv[0], "train", network, "--config", config, "--out", out, "--workers", str(workers),
            "--device", device,
        ]  # fmt: skip
        done = subprocess.run(command)
        if done.returncode:
            raise CommandError(f"The training stopped; the same command goes on from what is in {out}.")

    def work(self, network, settings, folder, workers, device):
        """One process's part: of several the first makes the examples."""
        # torch takes seconds to load: not for --help
        from mlcore.training.distributed import device_here, first_then_others, together

        device = device_here(device)
        with together(device) as place:
            ready = first_then_others(place, lambda: self.examples(settings, folder))
            train = {"featurenet": self.train_featurenet, "gan": self.train_gan}.get(network, self.train)
            train(settings, ready, folder, workers, device, place)

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

    def train(self, settings, ready, folder, workers, device, place):
        from mlcore.training.detector import train_detector  # torch takes seconds to load: not for --help

        with _bar(settings.steps, place) as bar:
            train_detector(
                settings, ready, folder, about={"commit": _commit()}, workers=workers, on_step=_shown(bar),
                device=device, place=place,
            )  # fmt: skip

    def train_featurenet(self, settings, ready, folder, workers, device, place):
        from mlcore.evaluation import sizes
        from mlcore.training.distributed import first_then_others
        from mlcore.training.featurenet import train_featurenet
        from mlcore.training.featurenet_shards import prepare

        paths = [path for _, some in ready for path in some]
        with tqdm(total=len(paths), unit="frame", desc="crops", file=sys.stderr, disable=None) as bar:
            kept = Path(settings.shards) if settings.shards else folder / "shards"
            shards = first_then_others(
                place, lambda: prepare(settings, paths, kept, device=device, on_example=bar.update)
            )
        with _bar(settings.steps, place) as bar:
            done = train_featurenet(
                settings, shards, folder, about={"commit": _commit()}, on_step=_shown(bar), device=device,
                place=place,
            )  # fmt: skip
        for line in sizes.lines(done["metrics"]) if place.is_first else ():
            self.stdout.write(line)

    def train_gan(self, settings, ready, folder, workers, device, place):
        from mlcore.data.gan_batches import prepare_scenes
        from mlcore.training import checkpoint
        from mlcore.training.gan import train_gan
        from mlcore.training.gan_model import FIGURES, write_gan

        paths = [path for _, some in ready for path in some]
        with tqdm(total=settings.scenes, unit="scene", desc="scenes", file=sys.stderr, disable=None) as bar:
            scenes = prepare_scenes(settings, folder / "scenes", bar.update)
        with _bar(settings.steps, place) as bar:
            train_gan(
                settings, scenes, paths, folder, about={"commit": _commit()}, device=device,
                on_step=_shown(bar),
            )  # fmt: skip
        state = checkpoint.load(folder / "checkpoint.pt")
        _, figures = write_gan(
            folder, state, version=f"gan {state['about']['commit'][:12]}", scenes=scenes, train=paths,
            config=settings,
        )  # fmt: skip
        for name, title in FIGURES.items():
            if figures.get(name) is not None:
                self.stdout.write(f"{title}: {figures[name]:.4g}")


def _bar(steps, place):
    return tqdm(total=steps, unit="step", file=sys.stderr, disable=None if place.is_first else True)


def _shown(bar):
    def show(step, loss, terms):
        bar.n = step
        if step % 10 == 0:
            bar.set_postfix(loss=f"{float(loss):.3f}")

    return show


def _commit():
    """The code's commit, or "unknown" outside of a repository."""
    asked = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"
