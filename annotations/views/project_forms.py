from django import forms

from annotations.models import Acquisition, Project
from annotations.models.acquisition import FILTERED
from annotations.models.distinct_values import distinct_values
from annotations.models.overview import by_calibration, by_review, by_work, search

ANY = [("", "any")]
SORTS = {
    "-uploaded_at": "newest upload",
    "uploaded_at": "oldest upload",
    "name": "name",
    "-acquired_at": "newest acquisition",
    "acquired_at": "oldest acquisition",
    "voltage_kv": "voltage",
    "magnification": "magnification",
    "-size_bytes": "largest file",
}
CALIBRATIONS = {
    "adopted": "calibrated",
    "none": "uncalibrated",
    "conflict": "in conflict",
    "unsizeable": "not sizeable",
}
WORK = {"untouched": "nothing marked yet", "drawn": "with particles", "open": "with open suggestions"}
REVIEW = {"reviewed": "reviewed", "unreviewed": "not reviewed", "edited": "edited since its review"}


class ProjectForm(forms.ModelForm):
    class Meta:
        model = Project
        fields = ["name", "description"]
        labels = {"description": "What is it about? (optional)"}
        help_texts = {"name": "For example “Ni on silica, 600 °C, 2 mbar H₂”."}
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}


class ProjectDeletionForm(forms.Form):
    name = forms.CharField(
        max_length=120,
        label="The project's name",
        widget=forms.TextInput(attrs={"autocomplete": "off", "id": "id_typed_name"}),
    )


class AcquisitionFilterForm(forms.Form):
    """Search, filters and order of a project's acquisitions; every choice offered occurs in the project."""

    q = forms.CharField(
        max_length=200, required=False, label="Search", widget=forms.TextInput(attrs={"type": "search"})
    )
    status = forms.ChoiceField(choices=[*ANY, *Acquisition.Status.choices], required=False)
    calibration = forms.ChoiceField(choices=[*ANY, *CALIBRATIONS.items()], required=False)
    work = forms.ChoiceField(choices=[*ANY, *WORK.items()], required=False, label="Particles")
    review = forms.ChoiceField(choices=[*ANY, *REVIEW.items()], required=False)
    voltage_kv = forms.TypedChoiceField(coerce=float, empty_value=None, required=False, label="Voltage")
    instrument = forms.ChoiceField(required=False)
    detector = forms.ChoiceField(required=False)
    gas = forms.ChoiceField(required=False)
    since = forms.DateField(
        required=False, label="Acquired from", widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(required=False, label="to", widget=forms.DateInput(attrs={"type": "date"}))
    sort = forms.ChoiceField(choices=list(SORTS.items()), required=False, label="Order")

    ALWAYS_SEEN = {"q", "sort"}

    def __init__(self, *args, project, **kwargs):
        super().__init__(*args, **kwargs)
        self.acquisitions = project.acquisitions.all()
        for name in FILTERED:
            told = distinct_values(project, name)
            if name == "voltage_kv":
                choices = [(f"{value:g}", f"{value:g} kV") for value in told]
            else:
                choices = [(value, value) for value in told]
            self.fields[name].choices = [*ANY, *choices]

    def chosen(self):
        """The filters in force, for people: (label, value, the query without it)."""
        for name, field in self.fields.items():
            value = self.data.get(name) if name in self.cleaned_data else ""
            if value and name not in self.ALWAYS_SEEN:
                rest = self.data.copy()
                rest.pop(name)
                rest.pop("page", None)
                words = dict(getattr(field, "choices", ())).get(value, value)
                yield field.label or name.replace("_", " ").capitalize(), words, f"?{rest.urlencode()}"

    def found(self):
        """The acquisitions asked for; nonsense filters nothing and is told at its field."""
        self.full_clean()
        told, found = self.cleaned_data, self.acquisitions
        for name in ("status", "instrument", "detector", "gas", "voltage_kv"):
            if told.get(name) not in {"", None}:
                found = found.filter(**{name: told[name]})
        if told.get("since"):
            found = found.filter(acquired_at__date__gte=told["since"])
        if told.get("until"):
            found = found.filter(acquired_at__date__lte=told["until"])
        if told.get("calibration"):
            found = by_calibration(found, told["calibration"])
        if told.get("work"):
            found = by_work(found, told["work"])
        if told.get("review"):
            found = by_review(found, told["review"])
        if told.get("q"):
            found = search(found, told["q"])
        return found.order_by(told.get("sort") or "-uploaded_at", "-pk")
