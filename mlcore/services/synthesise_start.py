"""Ask for synthetic frames; the worker's side is in work/synthesise.py."""

from django.core.exceptions import ValidationError

from mlcore.models import Run
from mlcore.services.runs import start_run
from mlcore.simulation.request import checked

ENGINE = "simulator"
MAX_SEED = 2**31 - 1


def start_synthesis(*, by, project, config=None, seed=0, gan=None) -> Run:
    """Queue a run of the simulator; the same settings and seed make the same bytes.

    `gan` is a model of the project that refines the frames; without it they stay as simulated.

    Raises
    ------
    ValidationError
        If a setting is out of its range, or the same is being made.
    """
    try:
        config = checked(config or {})
    except ValueError as error:
        raise ValidationError({"config": str(error)}) from error
    if not 0 <= seed <= MAX_SEED:
        raise ValidationError({"seed": f"The seed must be from 0 to {MAX_SEED}, got {seed}."})
    if gan is not None and gan.kind != gan.Kind.REFINER:
        what = "makes patches whose outlines are not known exactly" if gan.is_gan else "finds particles"
        raise ValidationError({"gan": f"{gan} {what}; choose a GAN that refines simulated frames."})
    return start_run(
        by=by, project=project, kind=Run.Kind.SYNTHESISE, engine=ENGINE, config=config, seed=seed,
        steps_total=config["count"], model_version=gan,
    )  # fmt: skip
