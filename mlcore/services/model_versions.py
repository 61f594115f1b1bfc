"""Models of a project: registered at a training's end, loaded by who searches with them."""

from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryFile
from zipfile import ZipFile

from django.db import transaction
from django.db.models import Max

from annotations.models import Project
from annotations.services.notify import push
from mlcore.data.examples import KINDS
from mlcore.inference.engine import ENGINES, engine_class, load_engine
from mlcore.inference.weights import ABOUT, read_model
from mlcore.models import ModelVersion, Promotion
from mlcore.services.stored import local_folder, store_folder

LEARNED = "network"  # the engine that weights are for
CARD = "README.md"  # beside the weights
IN_MEMORY = 3  # champion, candidate and one more: some 100 MB each


def register_model(*, run, folder, title="", parent=None, kind=ModelVersion.Kind.FINDER) -> ModelVersion:
    """Keep what a training made, under the project's next number; the same weights of one run only once.

    Raises
    ------
    ValueError
        If the folder is incomplete, or a file is not what its model.json says.
    """
    model = read_model(folder, _part(kind))
    known = ModelVersion.objects.filter(run=run, sha256=model.sha256).first()
    if known:
        return known
    place = f"models/{run.project_id}/{run.pk}-{model.sha256[:16]}"
    store_folder(Path(folder), place)
    with transaction.atomic():
        # One after the other: of two trainings that end at once neither may take the other's number.
        project = Project.objects.select_for_update(of=("self",)).get(pk=run.project_id)
        last = project.model_versions.aggregate(last=Max("number"))["last"] or 0
        version = ModelVersion.objects.create(
            project=project, number=last + 1, title=title[:80], folder=place, sha256=model.sha256,
            card=_card(model), kind=kind,
            classes=model.about.get("classes") or list(KINDS) if kind == ModelVersion.Kind.FINDER else [],
            run=run, dataset=run.dataset, parent=parent or run.model_version, created_by=run.created_by,
        )  # fmt: skip
        push(project_id=project.pk, kind="model", payload={"id": version.pk, "number": version.number})
    return version


def champion_of(project):
    """The model that a project's images are searched with; None is the shipped one."""
    last = _last_promotion(project)
    return last.model_version if last else None


def champion_number(project):
    """Of the promotion that counts, 0 before the first: what a form to promote another hands back."""
    last = _last_promotion(project)
    return last.number if last else 0


@cache
def shipped_version():
    """Version and hash of the weights that came with this installation, empty where it has none."""
    return read_model().version if LEARNED in ENGINES else ""


def engine_for(name, model_version=None):
    """The engine of a name with a model's weights, or the shipped ones; one a process for each.

    Raises
    ------
    ValueError
        If there is no such engine, it learns nothing, or the stored weights are not those registered.
    """
    if model_version is None:
        return load_engine(name)
    if name != LEARNED:
        raise ValueError(f"The engine “{name}” has no weights to choose; leave the model out.")
    return _with_weights(model_version.folder, model_version.sha256, str(model_version))


@lru_cache(maxsize=IN_MEMORY)
def _with_weights(place, sha256, title):
    engine = engine_class(LEARNED)(local_folder(place))
    if engine.model.sha256 != sha256:
        raise ValueError(
            f"{title}: the stored weights are not those that were registered (SHA-256 "
            f"{engine.model.sha256[:12]}…, expected {sha256[:12]}…); restore them from a backup."
        )
    return engine


def packed(model_version):
    """A model's folder as an open zip file, at its beginning: what `manage.py detect --weights` takes."""
    folder = local_folder(model_version.folder)
    model = read_model(folder, _part(model_version.kind))
    file = TemporaryFile()  # noqa: SIM115 - whom it is given to closes it
    with ZipFile(file, "w") as archive:
        for name in [ABOUT, *sorted(model.about["files"])]:
            archive.write(folder / name, name)
        archive.writestr(CARD, model_version.card)
    file.seek(0)
    return file


def _part(kind):
    """What a model.json describes."""
    return "detector" if kind == ModelVersion.Kind.FINDER else "gan"


def _card(model):
    """What the training wrote of its model; without it, what model.json tells."""
    try:
        return (model.folder / CARD).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        detector = model.about["detector"]
        return (
            f"# Model {model.version}\n\nDetector of kind “{detector['mode']}”, width {detector['width']}.\n"
        )


def _last_promotion(project):
    return Promotion.objects.filter(project=project).select_related("model_version").first()
