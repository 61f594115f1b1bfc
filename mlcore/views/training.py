"""Trainings: the form that starts one, what a run tells of its own, and runs side by side."""

import json

from csp.decorators import csp_update
from django import forms
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from annotations.models import Project
from annotations.services.access import fetch
from mlcore.models import Run, RunSample
from mlcore.services.compare_runs import comparable, compared, points_of
from mlcore.services.model_versions import champion_of
from mlcore.services.train_start import BASES, CHAMPION, KINDS_OF_TRAINING, MODEL, TITLE_CHARS, start_training
from mlcore.training import limits

MOST_COMPARED = 5
LINES_SHOWN = 200
# Plotly sets styles on the elements that it makes; only pages with charts allow that.
CHART_STYLES = {"style-src": ["'self'", "'unsafe-inline'"]}
HELP = {
    "steps": "One batch each.",
    "batch_size": "Crops a step; more need more memory.",
    "lr": "Highest rate; it rises over the first 3 % of steps, then falls.",
    "crop_px": "Side in pixels, a multiple of 32.",
    "patch_px": "Side in pixels, a multiple of 16; 64 for patches made of nothing.",
}
KIND_WORDS = {
    Run.Kind.TRAIN_DETECTOR: ("Detector", "finds particles and draws their outlines"),
    Run.Kind.TRAIN_FEATURENET: ("FeatureNet", "corrects sizes and says how sure they are"),
    Run.Kind.TRAIN_GAN: ("A GAN", "makes simulated images look like yours, and finds no particles"),
}


class TrainForm(forms.Form):
    """A setting left empty has its usual value."""

    dataset = forms.ModelChoiceField(None, empty_label=None)
    base = forms.ChoiceField(label="Begin with")
    title = forms.CharField(
        required=False, max_length=TITLE_CHARS, help_text="What the model will be called; may stay empty."
    )
    learn_classes = forms.BooleanField(
        required=False, label="Learn classes", help_text="Needs two classes in the training part."
    )
    mode = forms.ChoiceField(
        required=False, label="What it does", choices=list(limits.GAN_MODES.items()),
        help_text="A GAN makes images and learns by being told apart from real ones. It looks at the images "
        "of the training part alone, not at their labels.",
    )  # fmt: skip
    width = forms.TypedChoiceField(
        required=False, coerce=float, empty_value=0.5, initial=0.5,
        choices=[(one, f"{one:g}") for one in limits.WIDTHS],
        help_text="Of a network from random weights; another stays as wide as it is.",
    )  # fmt: skip
    seed = forms.IntegerField(required=False, initial=0, help_text="The same seed, the same weights.")

    def __init__(self, *args, project, kind, **kwargs):
        super().__init__(*args, **kwargs)
        self.kind = kind
        self.fields["dataset"].queryset = project.datasets.ready()
        champion = champion_of(project)
        now = f"{BASES[CHAMPION]} ({champion or 'the shipped one'})"
        self.models = {f"{MODEL}-{one.pk}": one for one in project.model_versions.finders()}
        models = [(key, str(one)) for key, one in self.models.items()]
        self.fields["base"].choices = [*({**BASES, CHAMPION: now}).items(), *models]
        if kind == Run.Kind.TRAIN_FEATURENET:
            del self.fields["width"]
        if kind == Run.Kind.TRAIN_GAN:
            del self.fields["base"], self.fields["learn_classes"]
            width = self.fields["width"]
            width.choices = [(one, f"{one:g}") for one in limits.GAN_WIDTHS]
            width.initial = width.empty_value = limits.GAN_WIDTHS[0]
            width.help_text = "Of a ResNet-50: 0.125 suits a processor, 0.5 and 1 want a GPU."
        else:
            del self.fields["mode"]
        scratch = limits.FROM_SCRATCH[kind]
        for name, limit in limits.LIMITS[kind].items():
            usual = f"{limit.usual:g}"
            if name in scratch:
                usual += f", from random weights {scratch[name]:g}"
            field = (forms.IntegerField if limit.is_whole else forms.FloatField)(
                required=False, label=limits.LABELS[name], help_text=f"{HELP[name]} Empty: {usual}."
            )
            field.widget.attrs |= {"placeholder": f"{limit.usual:g}", "inputmode": "decimal"}
            self.fields[name] = field
        self.order_fields(
            ["dataset", "base", "mode", *limits.LIMITS[kind], "width", "seed", "learn_classes", "title"]
        )

    @property
    def numbers(self):
        """The fields that stand side by side."""
        return [self[name] for name in (*limits.LIMITS[self.kind], "width", "seed") if name in self.fields]

    def asked(self):
        """Arguments of `start_training`."""
        values = self.cleaned_data
        base = values.get("base", "")
        model = self.models.get(base)
        settings = {name: values[name] for name in limits.LIMITS[self.kind] if values[name] is not None}
        more = {"mode": values["mode"] or "refiner"} if self.kind == Run.Kind.TRAIN_GAN else {}
        return more | {
            "kind": self.kind, "dataset": values["dataset"], "base": MODEL if model else base,
            "model_version": model, "settings": settings, "learn_classes": values.get("learn_classes", False),
            "width": values.get("width") or None, "seed": values["seed"] or 0, "title": values["title"],
        }  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def train(request, pk):
    may = "editable_by" if request.method == "POST" else "visible_to"
    project = fetch(Project.objects, by=request.user, may=may, pk=pk)
    kind = request.GET.get("kind", Run.Kind.TRAIN_DETECTOR)
    if kind not in KINDS_OF_TRAINING:
        raise Http404
    initial = {"dataset": request.GET.get("dataset", ""), "base": _base(request.GET.get("base", ""))}
    form = TrainForm(request.POST or None, project=project, kind=kind, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            return redirect(start_training(by=request.user, project=project, **form.asked()))
        except ValidationError as error:
            form.add_error(None, error)
    page = {
        "project": project,
        "form": form,
        "kind": kind,
        "kinds": [(one, *KIND_WORDS[one]) for one in KINDS_OF_TRAINING],
        "may_run": Project.objects.editable_by(request.user).filter(pk=pk).exists(),
        "freezing": project.datasets.filter(status="freezing").first(),
        "has_dataset": project.datasets.ready().exists(),
        "recent": comparable(project)[:10],
    }
    return render(request, "mlcore/train.html", page, status=400 if form.errors else 200)


def _base(value):
    return f"{MODEL}-{value}" if value.isdecimal() else value or CHAMPION


def of_training(found):
    """What a training's page shows beside what all runs' pages do."""
    left = found.step_s and found.status in {"running", "paused"}
    samples = {}
    for one in found.samples.order_by("name", "step"):
        samples.setdefault(one.name, []).append(one)
    final = found.points.filter(series="final").last()
    return {
        "training": compared([found]) | {"others": comparable(found.project).exclude(pk=found.pk)[:20]},
        "samples": [(name, some[-1]) for name, some in samples.items()],
        "lines": found.lines.order_by("-pk")[:LINES_SHOWN],
        "left_s": found.step_s * max(found.steps_total - found.steps_done, 0) if left else None,
        "crops_s": found.config["batch_size"] / found.step_s if found.step_s else None,
        "final": final and final.values,
        "model": found.made.first(),
        "is_gan": found.kind == Run.Kind.TRAIN_GAN,
    }


@require_safe
def run_curves(request, pk):
    """The curves as Plotly draws them, and where its samples lie: what the run's page asks for as it goes."""
    found = fetch(Run.objects, by=request.user, pk=pk)
    if found.kind not in KINDS_OF_TRAINING:
        raise Http404
    # Imported here: Plotly is half a second of a web process's start, and few pages draw.
    from mlcore.figures.training import curve_templates, distance_curve, gan_losses, loss_curves, score_curves

    points = points_of(found)
    train, val = points.get("train", []), points.get("val", [])
    if found.kind == Run.Kind.TRAIN_GAN:
        figures = {"loss": gan_losses(train), "score": distance_curve(val)}
    else:
        figures = {"loss": loss_curves(train, val), "score": score_curves(val)}
    samples = {}
    for one in found.samples.order_by("step", "name"):
        samples.setdefault(one.step, []).append({"name": one.name, "url": one.get_absolute_url()})
    return JsonResponse(
        {
            "figures": {name: _json(figure) for name, figure in figures.items()},
            "templates": curve_templates(),
            "samples": [{"step": step, "pictures": some} for step, some in samples.items()],
            "is_finished": found.is_finished,
        }
    )


@require_safe
def run_sample(request, pk):
    """A picture of what a network found on a validation frame."""
    runs = Run.objects.visible_to(request.user)
    sample = RunSample.objects.filter(pk=pk, run__in=runs).first()
    if sample is None or not default_storage.exists(sample.file):
        raise Http404
    response = FileResponse(default_storage.open(sample.file), content_type="image/png")
    response["Cache-Control"] = "private, max-age=86400"
    return response


@require_safe
@csp_update(CHART_STYLES)
def runs_compare(request, pk):
    """Trainings of a project side by side, `?run=1&run=2`."""
    project = fetch(Project.objects, by=request.user, pk=pk)
    asked = list(dict.fromkeys(int(one) for one in request.GET.getlist("run") if one.isdecimal()))
    known = {one.pk: one for one in comparable(project).filter(pk__in=asked)}
    if len(known) < len(asked):
        raise Http404
    runs = [known[key] for key in asked[:MOST_COMPARED]]
    page = {"project": project, "runs": runs, "most": MOST_COMPARED, "all": comparable(project)[:50]}
    if runs:
        page |= compared(runs) | {"page_data": _overlays(runs)}
    return render(request, "mlcore/compare.html", page)


def _overlays(runs):
    # Imported here: Plotly is half a second of a web process's start, and few pages draw.
    from mlcore.figures.training import curve_templates, overlaid

    drawn = [(f"Run {run.pk}", points_of(run)) for run in runs]
    figures = {
        "train": overlaid(drawn, "loss", "training loss", "train"),
        "val": overlaid(drawn, "loss", "validation loss"),
        "f1": overlaid(drawn, "f1", "F1 on validation frames"),
    }
    return {
        "figures": {name: _json(figure) for name, figure in figures.items()},
        "templates": curve_templates(),
    }


def _json(figure):
    return json.loads(figure.to_json())
