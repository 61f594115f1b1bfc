"""Find and measure particles in files, without a site: one CSV a frame."""

import math
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from annotations import instruments, shape
from mlcore.inference.engine import DEFAULT_CONFIDENCE, DEFAULT_ENGINE, ENGINES, load_engine
from mlcore.inference.inputs import input_files
from mlcore.inference.table import rows, write_table


class Command(BaseCommand):
    help = (
        "Find particles in micrographs and write one CSV a frame into a folder, named after the input's stem "
        "(its whole name, x.dm4.csv, where another file has that stem). "
        "Boxes are in pixels from the top-left corner; nm only with a calibration."
    )
    requires_system_checks = []  # needs no running site and no database

    def add_arguments(self, parser):
        parser.add_argument("inputs", nargs="+", metavar="INPUT", help="A file, a folder, or a pattern.")
        parser.add_argument("--out", required=True, metavar="DIR", help="Folder for the CSV files.")
        parser.add_argument(
            "--pixel-size-nm", metavar="X", help="nm per pixel; by default the file's own, if it is clear."
        )
        parser.add_argument("--engine", default=DEFAULT_ENGINE, metavar="NAME", help=", ".join(ENGINES))
        parser.add_argument(
            "--weights", metavar="DIR", help="Weights of a network of your own (manage.py release)."
        )
        parser.add_argument(
            "--min-confidence", metavar="C", default=DEFAULT_CONFIDENCE,
            help=f"Leave out what is less sure, 0 to 1; by default {DEFAULT_CONFIDENCE}.",
        )  # fmt: skip

    def handle(self, *, inputs, out, pixel_size_nm, engine, weights, min_confidence, **options):
        self.said = set()
        self.min_confidence = _share(min_confidence)
        given = _pixel_size(pixel_size_nm)
        try:
            finder = _network(weights) if weights else load_engine(engine)
        except ValueError as error:
            raise CommandError(str(error)) from None
        folder = _folder(out)
        files, complaints = input_files(inputs)
        for sentence in complaints:
            self.warn(sentence)
        failed = len(complaints)
        taken = {}
        for path in files:
            stem = self.free_name(path, taken)
            if stem and self.detect(path, stem, folder, finder, given):
                taken[stem] = path
            else:
                failed += 1
        if failed:
            raise SystemExit(1)

    def free_name(self, path, taken):
        """What the file's tables are called: its stem, or its whole name for “x.dm4” beside “x.dm3”."""
        if path.stem not in taken:
            return path.stem
        before = taken[path.stem]
        if path.name != before.name and path.name not in taken:
            self.warn(f"“{path}” has the stem of “{before}”: its tables get its whole name, {path.name}.")
            return path.name
        self.warn(
            f"“{path}” was left out: it would be written over the tables of “{before}”, "
            "which has the same name; give it another --out."
        )
        return None

    def detect(self, path, stem, folder, finder, given):
        """Write the tables of one file; whether all went well. What goes wrong is said in one sentence."""
        self.said = set()
        try:
            recording = instruments.read(path)
            for note in recording.notes:
                self.warn(f"“{path.name}”: {note}")
            for index, image in enumerate(recording.frames):
                name = stem if recording.n_frames == 1 else f"{stem}-f{index:04d}"
                size = self.pixel_size(path, recording, index, given)
                mean_size = size and math.sqrt(size[0] * size[1])
                found = finder.find(image, mean_size, on_note=lambda note: self.warn(_about(path, note)))
                found = [one for one in found if one.confidence >= self.min_confidence]
                limits = (image.shape[1], image.shape[0])
                measured = shape.measure_many([one.outline for one in found], limits, size)
                write_table(folder / f"{name}.csv", rows(found, measured))
                self.stdout.write(f"{name}.csv: {len(found)} particle{'s' * (len(found) != 1)}")
                self.stdout.flush()  # a pipe is told at once, too
        except instruments.Refusal as refusal:
            self.warn(_about(path, str(refusal)))
        except MemoryError:
            self.warn(f"“{path.name}” does not fit into this machine's memory; please crop or bin it.")
        except BrokenPipeError:  # nobody reads what is said any more: no fault of the file
            raise
        except OSError as error:
            self.warn(f"“{path.name}”: {error.strerror or error}.")
        except ValueError as error:
            self.warn(_about(path, str(error)))
        except Exception as error:  # a reader's surprise must not stop the other files
            self.warn(
                f"“{path.name}” could not be searched: internal error ({type(error).__name__}: {error})."
            )
        else:
            return True
        return False

    def pixel_size(self, path, recording, index, given):
        """(x, y) in nm/px for a frame, or None; what a person should know goes to stderr."""
        reason = recording.reason_unsizeable(index)
        agreement = recording.agreement(index)
        if reason:
            self.warn(_about(path, f"{reason} Its nm columns stay empty."))
            return None
        if given:
            own = agreement.pixel_size_nm
            if own and abs(own[0] / given - 1) > 0.01:
                self.warn(f"“{path.name}” itself says {own[0]:.5g} nm/px; the {given:.5g} given is used.")
            return (given, given)
        if agreement.conflict:
            self.warn(_about(path, f"{agreement.conflict} Its nm columns stay empty; use --pixel-size-nm."))
        if agreement.warning:
            self.warn(_about(path, agreement.warning))
        return agreement.pixel_size_nm

    def warn(self, sentence):
        sentence = " ".join(sentence.split())
        if sentence not in self.said:  # once a file, not once a frame
            self.said.add(sentence)
            self.stderr.write(sentence)


def _network(folder):
    from mlcore.inference.network import NetworkEngine  # loads its libraries: not for the other engine

    return NetworkEngine(folder)


def _about(path, sentence):
    """The sentence, with the file's name where it does not tell it itself."""
    return sentence if path.name in sentence else f"“{path.name}”: {sentence}"


def _pixel_size(text):
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (0 < value < math.inf):
        raise CommandError(f"--pixel-size-nm must be a positive number of nm per pixel, got “{text}”.")
    return value


def _share(text):
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (0 <= value <= 1):
        raise CommandError(f"--min-confidence must be a number from 0 to 1, got “{text}”.")
    return value


def _folder(out):
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"The folder “{out}” cannot be made: {error.strerror}.") from None
    return folder
