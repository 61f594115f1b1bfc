"""Forms by which a person calibrates; numbers may have a decimal comma, lengths their unit."""

from django import forms

from annotations.instruments.units import parse_number

UNITS = [("1", "nm"), ("1000", "µm"), ("0.1", "Å"), ("0.001", "pm"), ("1000000", "mm")]


class NumberField(forms.CharField):
    """A number as people write it, 0,33 as well as 0.33."""

    def __init__(self, **options):
        attrs = {"inputmode": "decimal", "autocomplete": "off"}
        super().__init__(max_length=30, widget=forms.TextInput(attrs=attrs), **options)

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        number = parse_number(text)
        if number is None:
            raise forms.ValidationError(f"“{text}” is not a number.")
        return number


class CalibrationForm(forms.Form):
    """What both ways of calibrating by hand have in common."""

    kind = None
    unit = forms.ChoiceField(choices=UNITS, initial="1", label="Unit")
    detail = forms.CharField(
        max_length=200,
        required=False,
        label="How do you know?",
        help_text="For example the standard and the date.",
    )
    only_frame = forms.BooleanField(required=False, label="Only the frame shown")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, prefix=self.kind, **kwargs)

    def in_nm(self, name):
        value = self.cleaned_data[name]
        return None if value is None else value * float(self.cleaned_data["unit"])


class TypedForm(CalibrationForm):
    kind = "typed"
    pixel_size_x_nm = NumberField(label="Size of a pixel")
    pixel_size_y_nm = NumberField(required=False, label="Pixel height, if not square")
    uncertainty_percent = NumberField(
        required=False, label="Uncertainty, %", help_text="Standard uncertainty (1 σ), if known."
    )
    field_order = [
        "pixel_size_x_nm",
        "unit",
        "pixel_size_y_nm",
        "uncertainty_percent",
        "detail",
        "only_frame",
    ]

    def decision(self):
        percent = self.cleaned_data["uncertainty_percent"]
        return {
            "pixel_size_x_nm": self.in_nm("pixel_size_x_nm"),
            "pixel_size_y_nm": self.in_nm("pixel_size_y_nm"),
            "relative_uncertainty": None if percent is None else percent / 100,
        }


class ScaleBarForm(CalibrationForm):
    kind = "scale_bar"
    length_nm = NumberField(label="The bar says")
    length_px = NumberField(label="It is this long in the image, px")
    end_half_width_px = NumberField(
        initial="1",
        label="Each end read to ±, px",
        help_text="Gives the uncertainty: √(2/3) · this / length.",
    )
    field_order = ["length_nm", "unit", "length_px", "end_half_width_px", "detail", "only_frame"]

    def decision(self):
        told = self.cleaned_data
        return {
            "length_nm": self.in_nm("length_nm"),
            "length_px": told["length_px"],
            "end_half_width_px": told["end_half_width_px"],
        }
