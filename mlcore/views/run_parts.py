"""The part of a run's page that tells what its kind has to tell: a template, and what it needs.

A kind without an entry here shows its progress and its log, and nothing more.
"""

from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Q, Subquery

from annotations.models import Frame, Particle
from mlcore.models import Prediction, Run
from mlcore.services.train_start import KINDS_OF_TRAINING
from mlcore.views.training import of_training

IMAGES_A_PAGE = 50


def searched(run, request):
    pending = Q(layer__particles__decision=Particle.Decision.PENDING)
    accepted = Q(layer__particles__decision=Particle.Decision.ACCEPTED)
    siblings = Frame.objects.filter(acquisition=OuterRef("frame__acquisition")).order_by()
    n_frames = siblings.values("acquisition").annotate(n=Count("pk")).values("n")
    predictions = (
        Prediction.objects.filter(run=run)
        .select_related("frame__acquisition")
        .annotate(
            n_frames=Subquery(n_frames),
            n_particles=Count("layer__particles"),
            n_pending=Count("layer__particles", filter=pending),
            n_accepted=Count("layer__particles", filter=accepted),
        )
        .order_by("frame__acquisition", "frame__index")
    )
    return {"page": Paginator(predictions, IMAGES_A_PAGE).get_page(request.GET.get("page"))}


def nothing_more(run, request):
    return {}


TRAINING = ("mlcore/parts/run_training.html", lambda run, request: of_training(run))
EVALUATION = ("mlcore/parts/run_evaluate.html", nothing_more)
# kind: its template, and a function (run, request) that gives the template's own context
PARTS = {
    Run.Kind.INFER: ("mlcore/parts/run_infer.html", searched),
    Run.Kind.SYNTHESISE: ("mlcore/parts/run_synthesise.html", nothing_more),
    Run.Kind.EVALUATE: EVALUATION,
    Run.Kind.BENCHMARK: EVALUATION,
    Run.Kind.COMPARE: EVALUATION,
    **dict.fromkeys(KINDS_OF_TRAINING, TRAINING),
}


def part_of(run):
    return PARTS[run.kind][0] if run.kind in PARTS else None


def context_of(run, request):
    return PARTS[run.kind][1](run, request) if run.kind in PARTS else {}
