"""What a reader of the size page chose: which particles, and how to draw them."""

from urllib.parse import urlencode

from django import forms

from analysis.metrology.selection import FERET_MIN_PX
from annotations.api.particle_filters import ParticleFilter, default_source
from annotations.models import Particle
from mlcore.inference.engine import DEFAULT_CONFIDENCE

BINS_MIN, BINS_MAX = 5, 200
CHOSEN = ["source", "label_class", "acquisition", "confidence_min", "border", "feret_min_px"]
COUNTED_APART = [
    "confidence_min",
    "border",
    "feret_min_px",
]  # what they leave out is counted, so the database must not drop it


class ChartForm(forms.Form):
    weighting = forms.ChoiceField(
        choices=[("number", "Number"), ("volume", "Volume")], required=False, label="Weighting"
    )
    axis = forms.ChoiceField(choices=[("log", "Log"), ("linear", "Linear")], required=False, label="Axis")
    bins = forms.IntegerField(
        min_value=BINS_MIN, max_value=BINS_MAX, required=False, label="Bins (empty: automatic)"
    )


def with_confidence(data, source):
    """A query in which suggestions begin with the confidence that the editor shows at first; 0 takes all.

    What was filled in so is marked by `confidence_begun`, and does not stay when the source is changed.
    """
    data = data.copy()
    if data.get("confidence_min") == data.pop("confidence_begun", [None])[-1]:
        data.pop("confidence_min", None)
    is_suggested = (data.get("source") or source).startswith(("engine:", "run:"))
    if is_suggested and not data.get("confidence_min"):
        data["confidence_min"] = data["confidence_begun"] = f"{DEFAULT_CONFIDENCE:g}"
    return data


class SizeChoice:
    """The query string of the size page, with its defaults filled in."""

    def __init__(self, data, project, skip=COUNTED_APART):
        source = default_source(project)
        data = with_confidence(data, source)
        data.setdefault("border", "exclude")
        data.setdefault("feret_min_px", f"{FERET_MIN_PX:g}")
        data.setdefault("weighting", "number")
        data.setdefault("axis", "log")
        self.filter = ParticleFilter(
            data,
            Particle.objects.in_project(project),
            project=project,
            source=source,
            skip=skip,
        )
        self.data = self.filter.data
        self.chart = ChartForm(data, label_suffix="")
        self.filters = self.filter.form

    def is_valid(self):
        return self.filter.is_valid() & self.chart.is_valid()

    @property
    def errors(self):
        """{field: [sentence]} of both forms."""
        return {**self.filters.errors, **self.chart.errors}

    @property
    def rules(self):
        """For `select`: the edge rule, the size cut and the confidence."""
        chosen = self.filters.cleaned_data
        return {
            "border": chosen["border"] or "exclude",
            "feret_min_px": float(chosen["feret_min_px"] or 0),
            "confidence_min": float(chosen["confidence_min"] or 0),
        }

    @property
    def noun(self):
        """What is counted, for captions."""
        return "suggestion" if self.data["source"].startswith(("engine:", "run:")) else "particle"

    @property
    def drawing(self):
        """For `summarise`."""
        chosen = self.chart.cleaned_data
        return {
            "weighting": chosen["weighting"] or "number",
            "is_log": chosen["axis"] != "linear",
            "bins": chosen["bins"],
        }

    @property
    def source_words(self):
        return dict(self.filters.fields["source"].choices).get(self.data["source"], "")

    def query(self, **more):
        """The choice of particles as a query string, for links to them; `more` is added."""
        chosen = [(name, value) for name in CHOSEN for value in self.data.getlist(name) if value != ""]
        return urlencode(chosen + list(more.items()))
