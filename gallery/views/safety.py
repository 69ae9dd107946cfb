"""Safety, as people meet it: reporting, what was decided about their own things, appeals, and the content rules."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config import http
from config.http import Request
from gallery import appeals, limits, mails, reports, strikes
from gallery.errors import BrokenCursor, NotAppealable, OwnThing
from gallery.limits import Act
from gallery.models import Comment
from gallery.safety_forms import AppealForm, ReportForm
from gallery.views.doors import answering, member
from generation.models import Asset

THANKS = "Thank you. A person will look at it."


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@answering
def report_art(request: Request, code: UUID) -> HttpResponseBase:
    here, back = reverse("art_report", args=[code]), reverse("art", args=[code])
    user = member(request, back=here)
    try:
        asset = reports.find_asset(code=code, reporter=user)
    except OwnThing:
        messages.info(request, "This picture is yours: you can make it private or delete it here.")
        return http.redirect(request, back)
    return _report(request, asset, here=here, back=back)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@answering
def report_comment(request: Request, code: UUID) -> HttpResponseBase:
    here = reverse("comment_report", args=[code])
    user = member(request, back=here)
    try:
        comment = reports.find_comment(code=code, reporter=user)
    except OwnThing:
        messages.info(request, "This comment is yours: you can delete it.")
        return http.redirect(request, reverse("explore"))
    return _report(request, comment, here=here, back=reverse("art", args=[comment.post.code]))


def _report(request: Request, thing: Asset | Comment, *, here: str, back: str) -> HttpResponseBase:
    """The form, or what was said in it. To htmx only the form's own place on the page is answered."""
    is_comment = isinstance(thing, Comment)
    form = ReportForm(request.POST if request.method == "POST" else None, is_comment=is_comment)
    context = {"form": form, "here": here, "back": back, "thing": thing, "is_comment": is_comment}
    if form.is_valid():
        assert request.user.is_authenticated  # `member` has seen to it
        limits.count(Act.REPORT, user_id=request.user.pk)
        reports.send(reporter=request.user, thing=thing, **form.cleaned_data)
        if request.htmx:
            return render(request, "gallery/partials/report_thanks.html", {"thanks": THANKS})
        messages.success(request, THANKS)
        return http.redirect(request, back)
    name = "gallery/partials/report_form.html" if request.htmx else "gallery/report.html"
    return render(request, name, context, status=422 if form.is_bound else 200)


@require_safe
@never_cache
@answering
def decided(request: Request) -> HttpResponseBase:
    """What was decided about the viewer's own pictures and comments."""
    user = member(request, back=reverse("appeals"))
    return _decided(request, user_id=user.pk)


@require_POST
@answering
def appeal(request: Request, code: UUID) -> HttpResponseBase:
    user = member(request, back=reverse("appeals"))
    form = AppealForm(request.POST)
    if not form.is_valid():
        return _decided(request, user_id=user.pk, wrong=code, form=form)
    limits.count(Act.REPORT, user_id=user.pk)
    try:
        appeals.send(code=code, owner=user, text=form.cleaned_data["text"])
    except NotAppealable:
        messages.warning(request, "Nothing was taken away by this decision, so there is nothing to appeal.")
    else:
        messages.success(request, "Sent. Somebody else looks at it, and you are told.")
    return http.redirect(request, reverse("appeals"))


def _decided(
    request: Request, *, user_id: int, wrong: UUID | None = None, form: AppealForm | None = None
) -> HttpResponse:
    found = appeals.concerning(user_id=user_id, before=_before(request))
    shown, ends = found[: appeals.PAGE_SIZE], strikes.live(user_id=user_id)
    context = {
        "cases": [(one, mails.name_of(one), form if one.code == wrong else None) for one in shown],
        "strikes": ends,
        "barred_until": strikes.barred_until(ends),
        "next_before": shown[-1].code if len(found) > appeals.PAGE_SIZE else "",
    }
    return render(request, "gallery/appeals.html", context, status=422 if form else 200)


def _before(request: Request) -> UUID | None:
    said = request.GET.get("before", "")
    try:
        return UUID(said) if said else None
    except ValueError as error:
        raise BrokenCursor(after=said[:64]) from error


@require_safe
def rules(request: Request) -> HttpResponse:
    """What may be made and shown. Plain words; generation/moderation holds the words that a machine goes by."""
    return render(request, "gallery/rules.html", {"strike_days": settings.STRIKE_DAYS})
