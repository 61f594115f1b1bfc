"""What is asked for when a dataset is frozen, or synthetic frames are made."""

from django import forms

from mlcore.models import Run
from mlcore.services.dataset_specimens import SPECIMEN_BY
from mlcore.simulation.request import DEFAULTS, MAX_COUNT, RANGES, SIDE_PX, TITLES

SEED = {"min_value": 0, "max_value": 2**31 - 1, "initial": 0}
RUNS_OFFERED = 50


class FreezeForm(forms.Form):
    name = forms.CharField(max_length=80, help_text="The same name again makes a new version of it.")
    with_reviewed = forms.BooleanField(required=False, initial=True, label="The reviewed images")
    words = forms.CharField(
        max_length=200, required=False, label="Only those with these words",
        help_text="In the file’s name, specimen or metadata; empty: all.",
    )  # fmt: skip
    runs = forms.ModelMultipleChoiceField(
        Run.objects.none(), required=False, label="Synthetic images", widget=forms.CheckboxSelectMultiple
    )
    specimen_by = forms.ChoiceField(
        choices=[(name, words[0].upper() + words[1:]) for name, words in SPECIMEN_BY.items()],
        label="Specimens that nobody named",
        help_text="Images of one specimen are never on both sides of the split.",
    )
    seed = forms.IntegerField(**SEED, help_text="Of the split.")

    def __init__(self, *args, project, **kwargs):
        super().__init__(*args, **kwargs)
        made = project.runs.filter(kind=Run.Kind.SYNTHESISE, status=Run.Status.SUCCEEDED)
        offered = Run.objects.filter(pk__in=made.order_by("-pk")[:RUNS_OFFERED])
        self.fields["runs"].queryset = offered.select_related("model_version")
        self.fields["runs"].label_from_instance = _run_words

    def wanted(self):
        return dict(self.cleaned_data)


def _run_words(run):
    by = f", refined by {run.model_version}" if run.model_version else ""
    frames = f"{run.steps_done:,} frame{'s' * (run.steps_done != 1)}"
    made = f"{run.finished_at:%Y-%m-%d}" if run.finished_at else ""
    return f"Run {run.pk}, {made}: {frames} of tier {run.config.get('tier')}, seed {run.seed}{by}"


class SynthesisForm(forms.Form):
    gan = forms.ModelChoiceField(
        None, required=False, empty_label="As simulated", label="Looks",
        help_text="A GAN of this project makes them look like its images; outlines stay exact.",
    )  # fmt: skip
    tier = forms.ChoiceField(choices=list(TITLES.items()), label="Kind of scenes")
    count = forms.IntegerField(min_value=1, max_value=MAX_COUNT, initial=DEFAULTS["count"], label="Frames")
    size_px = forms.IntegerField(
        min_value=SIDE_PX[0], max_value=SIDE_PX[1], initial=DEFAULTS["size_px"], label="Side, px"
    )
    seed = forms.IntegerField(**SEED)
    ecd_nm = forms.CharField(
        required=False, label="Diameters, nm", help_text="For example 2–20; empty: as the scenes have them."
    )
    dose_e_px = forms.CharField(required=False, label="Dose, e⁻ per px")
    particles = forms.CharField(required=False, label="Particles a frame")

    def __init__(self, *args, project, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["gan"].queryset = project.model_versions.refiners()
        self.fields["gan"].label_from_instance = lambda one: f"Refined by {one}"

    def clean(self):
        for name in RANGES:
            if text := self.cleaned_data.get(name, "").strip():
                self.cleaned_data[name] = self._range(name, text)
            else:
                self.cleaned_data[name] = None
        return self.cleaned_data

    def _range(self, name, text):
        parts = text.replace("–", "-").replace(" to ", "-").split("-")
        try:
            numbers = [float(part.replace(",", ".")) for part in parts]
            first, last = numbers * 2 if len(numbers) == 1 else numbers
        except ValueError:
            self.add_error(name, "Two numbers with a dash between them, the lowest first, such as 2–20.")
            return None
        return [first, last]

    def config(self):
        told = {name: value for name, value in self.cleaned_data.items() if name not in ("seed", "gan")}
        return {name: value for name, value in told.items() if value is not None}
