"""Compare ours with its peers on every set at hand, and write the page about it."""

import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from mlcore.evaluation import benchmark, looks, methods, sets
from mlcore.evaluation.benchmark_page import page
from mlcore.evaluation.evaluate import RESAMPLES
from mlcore.evaluation.fold_configs import write_fold_configs
from mlcore.inference.engine import DEFAULT_CONFIDENCE

ROOT = Path(__file__).resolve().parents[3]
DATA = Path(os.environ.get("ETEM_TEST_DATA", ROOT.parent / "shared" / "data"))


class Command(BaseCommand):
    help = (
        "Run ours and its peers on simulated tiers and labelled sets, and write the benchmark's page. What "
        "was found is kept: the same command goes on after a stop, and writes the page anew in a moment."
    )
    requires_system_checks = []  # needs no running site and no database

    def add_arguments(self, parser):
        parser.add_argument(
            "--sets",
            nargs="+",
            metavar="SET",
            default=list(sets.NAMES),
            help=f"Of {', '.join(sets.NAMES)}; all by default.",
        )
        parser.add_argument(
            "--methods",
            nargs="+",
            metavar="METHOD",
            default=list(methods.METHODS),
            help=f"Of {', '.join(methods.METHODS)}; all by default.",
        )
        parser.add_argument("--frames", type=int, default=24, metavar="N", help="Of a simulated tier.")
        parser.add_argument("--weights", metavar="DIR", help="Holds <method>/ and <method>/<fold>/.")
        parser.add_argument(
            "--data", default=str(DATA), metavar="DIR", help="Of the labelled sets; ETEM_TEST_DATA."
        )
        parser.add_argument(
            "--work",
            default=str(ROOT / "data" / "benchmark"),
            metavar="DIR",
            help="Where frames, settings and results are kept.",
        )
        parser.add_argument("--out", default="docs/benchmark.md", metavar="FILE", help="The page.")
        parser.add_argument(
            "--looks",
            metavar="FILE",
            help="The log of looks; benchmark-looks.csv beside the page by default.",
        )
        parser.add_argument("--resamples", type=int, default=RESAMPLES, help="Of the bootstrap.")
        parser.add_argument(
            "--fresh", action="store_true", help="Forget what these methods found on these sets."
        )
        parser.add_argument("--json", action="store_true", help="Print all results as JSON, too.")
        parser.add_argument(
            "--write-folds", metavar="DIR", help="Only write a training configuration for each fold into DIR."
        )
        parser.add_argument(
            "--base", metavar="FILE", help="With --write-folds: the configuration that all have in common."
        )

    def handle(self, **options):
        try:
            if options["write_folds"]:
                paths = write_fold_configs(options["write_folds"], options["data"], options["base"])
                self.stdout.write("\n".join(str(path) for path in paths))
                return
            _check(options)
            results, not_run = self.run_all(options)
        except (ValueError, OSError) as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            raise CommandError("Stopped; the same command goes on where it stopped.") from None
        if not results:
            raise CommandError("Nothing could be run: " + "; ".join(sorted(set(not_run.values()))) + ".")
        self.write(results, not_run, options)

    def run_all(self, options):
        """Results, and why there are none of some, of each set and method that was asked for."""
        results, not_run = [], {}
        for name in options["sets"]:
            try:
                frames = sets.load_set(
                    name, data=options["data"], work=options["work"], frames=options["frames"]
                )
            except FileNotFoundError as error:
                self.stderr.write(str(error))
                not_run |= {(name, method): "the set is not on this machine" for method in options["methods"]}
                continue
            for method in options["methods"]:
                try:
                    results.append(self.run_one(name, method, frames, options))
                except methods.NotRunError as reason:
                    not_run[name, method] = str(reason).rstrip(".")
                    self.stderr.write(f"{name}, {method}: not run: {not_run[name, method]}.")
        return results, not_run

    def run_one(self, name, method, frames, options):
        engines, digest = methods.prepare(
            method, name, frames, weights=options["weights"], work=options["work"]
        )
        if options["fresh"]:
            benchmark.forget(method, name, frames, digest, work=options["work"])
        with tqdm(total=len(frames), unit="frame", desc=f"{name} {method}", file=sys.stderr,
                  disable=None) as bar:  # fmt: skip
            result = benchmark.run(
                method, name, frames, engines, digest, work=options["work"], resamples=options["resamples"],
                on_frame=lambda _: bar.update(),
            )  # fmt: skip
        if result.is_new:
            looks.record(
                _looks_path(options), commit=_commit(), set_name=name, frames=len(frames), method=method,
                digest=digest, f1=result.f1,
            )  # fmt: skip
        f1 = "–" if result.f1 is None else f"{result.f1:.3f}"
        self.stderr.write(f"{name}, {method}: F1 {f1}, {result.seconds:.2f} s a frame.")
        return result

    def write(self, results, not_run, options):
        text = page(
            results, not_run, looks=looks.count(_looks_path(options)), titles=options["sets"],
            command="./etem manage benchmark", resamples=options["resamples"], frames=options["frames"],
            confidence=DEFAULT_CONFIDENCE,
            about={"commit": _commit(), "date": str(datetime.date.today()), "machine": _machine()},
        )  # fmt: skip
        out = Path(options["out"])
        part = out.with_suffix(".part")
        part.write_text(text, encoding="utf-8")
        os.replace(part, out)
        if options["json"]:
            self.stdout.write(json.dumps([asdict(one) for one in results], indent=1))
        else:
            self.stdout.write(f"{len(results)} results are in {out}; {len(not_run)} were not run.")


def _check(options):
    for key, known in (("sets", sets.NAMES), ("methods", methods.METHODS)):
        if wrong := [one for one in options[key] if one not in known]:
            raise ValueError(f"There is no {key[:-1]} “{wrong[0]}”; choose from: {', '.join(known)}.")
    if not 1 <= options["frames"] <= 10_000:
        raise ValueError(f"--frames must be from 1 to 10,000, got {options['frames']}.")
    if options["resamples"] < 0:
        raise ValueError(f"--resamples must be 0 or more, got {options['resamples']}.")
    if options["weights"] and not Path(options["weights"]).is_dir():
        raise ValueError(f"The weights “{options['weights']}” are no folder; name one that holds <method>/.")
    parent = Path(options["out"]).resolve().parent
    if not parent.is_dir():
        raise ValueError(f"The folder of the page, “{parent}”, does not exist.")
    Path(options["work"]).mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(options["work"]).free < 1e9:
        raise ValueError(f"The disk of “{options['work']}” has less than 1 GB left: make room.")


def _looks_path(options):
    return Path(options["looks"] or Path(options["out"]).with_name("benchmark-looks.csv"))


def _commit():
    """The code's commit, “-changed” where files differ from it, or "unknown" outside of a repository."""
    asked = ["git", "-C", str(ROOT), "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty=-changed"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def _machine():
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
