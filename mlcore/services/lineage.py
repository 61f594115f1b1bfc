"""What a model learnt from, down to the frame: its dataset, and those of all the models before it."""

from dataclasses import dataclass, field

from mlcore.models import DatasetFrame, ModelVersion

LEARNT_IN = [DatasetFrame.Split.TRAIN, DatasetFrame.Split.VALIDATION]  # the latter chose its settings
FROM_MICROSCOPES = ["reviewed", "imported"]  # origins whose specimens are somebody's, not a scene's number


@dataclass(frozen=True)
class Learnt:
    """Hashes of the pixels, and specimens, that a model or one before it learnt from in this project."""

    pixels: frozenset = field(default_factory=frozenset)
    specimens: frozenset = field(default_factory=frozenset)

    def holds(self, frame):
        """Whether a DatasetFrame would be no test of it."""
        is_known = frame.origin in FROM_MICROSCOPES and frame.specimen in self.specimens
        return is_known or frame.pixels_sha256 in self.pixels

    def __or__(self, other):
        return Learnt(self.pixels | other.pixels, self.specimens | other.specimens)


def line_of(model_version):
    """A model and what it was fine-tuned from, back to the first; the shipped one is none of them."""
    line, seen = [], set()
    while model_version is not None and model_version.pk not in seen:
        line.append(model_version)
        seen.add(model_version.pk)
        model_version = (
            ModelVersion.objects.select_related("dataset", "run").filter(pk=model_version.parent_id).first()
        )
    return line


def learnt_by(model_version):
    """What a model of a project learnt from; nothing is known of the shipped one's in a project's terms."""
    datasets = [one.dataset_id for one in line_of(model_version) if one.dataset_id]
    frames = DatasetFrame.objects.filter(dataset__in=datasets, split__in=LEARNT_IN)
    real = frames.filter(origin__in=FROM_MICROSCOPES)
    return Learnt(
        frozenset(frames.order_by().values_list("pixels_sha256", flat=True)),
        frozenset(real.order_by().values_list("specimen", flat=True).distinct()),
    )
