"""The frames that a dataset is to hold, one by one: reviewed ones as they were when it was asked for, and
those that runs have made."""

import json
from dataclasses import dataclass

import numpy as np
import tifffile

from annotations.models import Calibration, Event, Frame, LabelClass, Layer, Particle
from annotations.services.measure import pixel_size_nm
from annotations.services.pixels import frame_pixels
from annotations.services.projection import replay
from mlcore.data import frozen
from mlcore.models import Run
from mlcore.services.dataset_specimens import specimen_of
from mlcore.services.run_folder import synthetic_folder
from mlcore.services.stored import local_folder

NAME_CHARS = 180  # of the 200 of a row; the rest is for numbers that tell frames apart
AT_ONCE = 500


def frames_of(dataset):
    """Sources with `name`, `specimen`, `frame_pk`, `sequence`, `read()` and `origin_of(truth)`, in order.

    Raises
    ------
    ValueError
        If an image, or what a run had made, is gone.
    """
    wanted = dataset.sources["layers"]
    for start in range(0, len(wanted), AT_ONCE):
        yield from _reviewed(wanted[start : start + AT_ONCE], dataset.sources["specimen_by"])
    for pk in dataset.sources["runs"]:
        yield from _synthetic(pk)


def _reviewed(wanted, specimen_by):
    frames = Frame.objects.select_related("acquisition").in_bulk([frame for frame, _, _ in wanted])
    n_frames = {}
    for frame_pk, layer_pk, sequence in wanted:
        frame = frames.get(frame_pk)
        if frame is None:
            raise ValueError("An image was deleted while the dataset was frozen; freeze it again.")
        acquisition = frame.acquisition
        if acquisition.pk not in n_frames:
            n_frames[acquisition.pk] = acquisition.frames.count()
        name = acquisition.name[:NAME_CHARS]
        if n_frames[acquisition.pk] > 1:
            name = f"{name} · frame {frame.index + 1}"
        yield ReviewedFrame(name, specimen_of(acquisition, specimen_by), frame, layer_pk, sequence)


@dataclass
class ReviewedFrame:
    name: str
    specimen: str
    frame: Frame
    layer_pk: int
    sequence: int
    is_imported: bool = False

    @property
    def frame_pk(self):
        return self.frame.pk

    def read(self):
        """Pixels, truth and pixel size in nm; OSError or ValueError where the pixels cannot be read."""
        size = pixel_size_nm(Calibration.objects.current_for(self.frame))
        size_px = self.frame.width_px, self.frame.height_px
        particles = self._particles()
        self.is_imported = bool(particles) and all(origin == "imported" for *_, origin in particles)
        truth = frozen.drawn([one[:3] for one in particles], size_px, size)
        return frame_pixels(self.frame), truth, size and float((size[0] * size[1]) ** 0.5)

    def origin_of(self, truth):
        return "imported" if self.is_imported else "reviewed"

    def _particles(self):
        """(box, outline, class, origin) of the layer's particles when the dataset was asked for."""
        rows = Particle.objects.filter(layer=self.layer_pk).values_list(
            "x", "y", "width", "height", "outline", "label_class__name", "origin"
        )
        found = [(row[:4], *row[4:]) for row in rows]
        at = Layer.objects.filter(pk=self.layer_pk).values_list("sequence", flat=True).first()
        if at == self.sequence:
            return found
        # Somebody goes on drawing: the ledger knows what it was.
        events = Event.objects.filter(layer=self.layer_pk, sequence__lte=self.sequence).order_by("sequence")
        states = [fields for _, fields in replay(events).values()]
        project = self.frame.acquisition.project_id
        names = dict(LabelClass.objects.filter(project=project).values_list("pk", "name"))
        return [
            (
                tuple(one[key] for key in ("x", "y", "width", "height")),
                one["outline"],
                names.get(one["label_class"]),
                one["origin"],
            )
            for one in states
        ]


def _synthetic(run_pk):
    run = Run.objects.filter(pk=run_pk).first()
    if run is None:
        raise ValueError(f"Run {run_pk}, which made synthetic images, was deleted; freeze again without it.")
    folder = local_folder(synthetic_folder(run_pk))
    for path in sorted((folder / "frames").glob("*.json")):
        yield SyntheticFrame(f"run {run_pk} · {path.stem}", f"run {run_pk} · {path.stem}", path)


@dataclass
class SyntheticFrame:
    name: str
    specimen: str
    path: object
    frame_pk = None
    sequence = None

    def read(self):
        content = json.loads(self.path.read_text("utf-8"))
        image = np.asarray(tifffile.imread(self.path.with_suffix(".tif")))
        size_nm = content["image"]["pixel_size_nm"]
        truth = frozen.simulated(content["annotations"], image.shape[::-1], size_nm)
        return image, truth, size_nm

    def origin_of(self, truth):
        return "simulated"
