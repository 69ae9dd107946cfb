"""Doors to one's own account. Sign-in and its kin are allauth's; their hooks are in adapters.py."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts import errors, profile
from accounts.forms import ContentForm, ProfileForm
from accounts.models import User
from config import http
from gallery import wording
from gallery.errors import NotPassed

WAIT_SECONDS = 60


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def settings(request: HttpRequest) -> HttpResponse:
    """The profile form. 422 with what was typed when a field is wrong."""
    user = cast(User, request.user)
    form = ProfileForm(request.POST if request.method == "POST" else None, user=user)
    if form.is_valid():
        try:
            profile.change(user_id=user.pk, **form.cleaned_data)
        except errors.HandleTaken:
            form.add_error("handle", "Somebody has this one already.")
        except NotPassed as error:
            form.add_error(str(error.data["field"]), wording.sentence(error))
        else:
            messages.success(request, "Profile saved.")
            return http.redirect(request, request.path)
    context = {"form": form, "content_form": ContentForm(user=user)}
    return render(request, "accounts/settings.html", context, status=422 if form.is_bound else 200)


@require_POST
@login_required
def content(request: HttpRequest) -> HttpResponse:
    """What is shown of each content level. 422 with what was chosen when a field is wrong."""
    user = cast(User, request.user)
    form = ContentForm(request.POST, user=user)
    if not form.is_valid():
        context = {"form": ProfileForm(user=user), "content_form": form}
        return render(request, "accounts/settings.html", context, status=422)
    profile.choose_content(user_id=user.pk, **form.cleaned_data)
    messages.success(request, "Saved. It holds from the next page on.")
    return http.redirect(request, f"{reverse('settings')}#content")


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """429 of the sign-in pages: their limits are counted by the minute."""
    context = {"retry_after_seconds": WAIT_SECONDS}
    response = render(request, "429.html", context, status=429)
    response["Retry-After"] = str(WAIT_SECONDS)
    return response
