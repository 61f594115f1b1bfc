from django.contrib import messages
from django.contrib.auth.views import LoginView, PasswordChangeView, PasswordResetView
from django.contrib.messages.views import SuccessMessageMixin
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from annotations.forms import LogInForm, ProfileForm, TokenForm
from annotations.models import ApiToken
from annotations.services.accounts import update_profile
from annotations.services.api_tokens import create_token, revoke_token
from annotations.services.mail import sends_mail
from annotations.views.pause import with_pause


@method_decorator(with_pause, name="dispatch")
class LogIn(LoginView):
    authentication_form = LogInForm
    redirect_authenticated_user = True


class ChangePassword(SuccessMessageMixin, PasswordChangeView):
    success_url = reverse_lazy("account")
    success_message = "Your password is changed; other browsers were logged out."


class ResetPassword(PasswordResetView):
    extra_context = {"title": "Reset the password"}

    def get_context_data(self, **kwargs):
        return super().get_context_data(sends_mail=sends_mail(), **kwargs)


@require_GET
def account(request):
    return _page(request)


@require_POST
def profile(request):
    form = ProfileForm(request.POST, instance=request.user)
    if not form.is_valid():
        return _page(request, status=400, profile_form=form)
    update_profile(user=request.user, **form.cleaned_data)
    messages.success(request, "Your details are saved.")
    return redirect("account")


@require_POST
@never_cache
def token_create(request):
    """Answers with the page itself and not by redirection: the secret is kept nowhere to be shown later."""
    form = TokenForm(request.POST)
    if form.is_valid():
        words = form.cleaned_data
        try:
            token, secret = create_token(
                user=request.user, name=words["name"], lifetime_days=words["lifetime"]
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return _page(request, new_token=token, secret=secret)
    return _page(request, status=400, token_form=form)


@require_POST
def token_revoke(request, token_pk):
    token = get_object_or_404(ApiToken.objects.owned_by(request.user), pk=token_pk)
    revoke_token(token=token)
    messages.success(request, f"The token “{token.name}” no longer works.")
    return redirect("account")


def _page(request, *, status=200, **more):
    words = {
        "profile_form": ProfileForm(instance=request.user),
        "token_form": TokenForm(),
        "tokens": ApiToken.objects.owned_by(request.user),
        "memberships": request.user.memberships.select_related("project"),
    }
    return render(request, "annotations/account.html", words | more, status=status)
