from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError

from annotations.models import LabelClass, Role
from annotations.services import log_in


class LogInForm(AuthenticationForm):
    """Django's, with a pause after too many failures."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": "This username and password do not match; both mind capital letters.",
    }

    def clean(self):
        guess = {
            "username": self.cleaned_data.get("username", ""),
            "address": self.request.META.get("REMOTE_ADDR", ""),
        }
        log_in.check_pause(**guess)
        try:
            cleaned = super().clean()
        except ValidationError:
            log_in.record_failure(**guess)
            raise
        log_in.forget_failures(**guess)
        return cleaned


class StaffLogInForm(LogInForm):
    """The admin's own door, with the same pause."""

    def confirm_login_allowed(self, user):
        super().confirm_login_allowed(user)
        if not user.is_staff:
            raise self.get_invalid_login_error()


class ProfileForm(forms.ModelForm):
    class Meta:
        model = get_user_model()
        fields = ["first_name", "last_name", "email"]


class TokenForm(forms.Form):
    LIFETIMES_DAYS = [("90", "90 days"), ("365", "one year"), ("", "until I revoke it")]

    name = forms.CharField(max_length=60, label="What will use it", help_text="For example “microscope PC”.")
    lifetime = forms.ChoiceField(choices=LIFETIMES_DAYS, required=False, label="Valid for")

    def clean_lifetime(self):
        return int(self.cleaned_data["lifetime"]) if self.cleaned_data["lifetime"] else None


class RoleForm(forms.Form):
    """Offers the roles up to the giver's own."""

    role = forms.ChoiceField(choices=())

    def __init__(self, *args, giver_role, **kwargs):
        super().__init__(*args, **kwargs)
        allowed = Role.up_to(giver_role)
        self.fields["role"].choices = [(value, label) for value, label in Role.choices if value in allowed]


class InviteForm(RoleForm):
    email = forms.EmailField(
        required=False,
        label="E-mail",
        help_text="Optional: says whom the link is for.",
    )
    field_order = ["email", "role"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["role"].initial = Role.ANNOTATOR


class SignUpForm(forms.ModelForm):
    password = forms.CharField(
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 8 characters, not a common password and not like your name.",
    )
    password_again = forms.CharField(
        strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    class Meta:
        model = get_user_model()
        fields = ["username", "first_name", "last_name", "email"]
        help_texts = {"username": "Letters, digits and @ . + - _"}
        labels = {
            "first_name": "First name (optional)",
            "last_name": "Last name (optional)",
            "email": "E-mail (optional)",
        }
        widgets = {"username": forms.TextInput(attrs={"autocomplete": "username"})}

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("password") != cleaned.get("password_again"):
            self.add_error("password_again", "The two passwords differ; type the same one twice.")
        return cleaned


class LabelClassForm(forms.Form):
    KEYS = [("", "none"), *((str(key), str(key)) for key in range(1, 10))]

    name = forms.CharField(max_length=60)
    color = forms.RegexField(
        LabelClass._meta.get_field("color").validators[0].regex,
        label="Colour",
        widget=forms.TextInput(attrs={"type": "color"}),
        error_messages={"invalid": "A colour is written like #56b4e9."},
    )
    key = forms.TypedChoiceField(choices=KEYS, coerce=int, empty_value=None, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.prefix:  # a row of the table: its inputs stand outside the form's element and name it
            for name, field in self.fields.items():
                field.widget.attrs |= {"form": self.prefix, "aria-label": f"{field.label or name.title()}"}
