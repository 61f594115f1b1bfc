from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotations.forms import SignUpForm
from annotations.services.invitations import accept_invitation, open_invitation, sign_up


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request, token):
    """Opened by whoever has the link: they join with their account, or make one."""
    found = open_invitation(secret=token)
    if found is None:
        return _page(request, None, status=404)
    if request.user.is_authenticated:
        return _join(request, found, token)
    form = SignUpForm(request.POST or None, initial={"email": found.email})
    if form.is_valid():
        words = {key: value for key, value in form.cleaned_data.items() if key != "password_again"}
        try:
            user, project = sign_up(secret=token, **words)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            login(request, user, backend="django.contrib.auth.backends.ModelBackend")
            messages.success(request, f"Welcome to “{project}”, {user.display_name}.")
            return redirect(project)
    return _page(request, found, form=form, status=400 if form.errors else 200)


def _join(request, found, token):
    is_member = found.project.role_of(request.user) is not None
    if request.method != "POST":
        return _page(request, found, is_member=is_member)
    try:
        project = accept_invitation(user=request.user, secret=token)
    except ValidationError as error:
        return _page(request, None, refusal=" ".join(error.messages), status=400)
    messages.success(request, f"You are now a member of “{project}”.")
    return redirect(project)


def _page(request, found, *, status=200, **more):
    return render(request, "annotations/invitation.html", {"invitation": found, **more}, status=status)
