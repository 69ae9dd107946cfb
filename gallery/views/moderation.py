"""Doors of the staff's moderation queue. Plain forms; with htmx a decided case is replaced where it stands."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, cast
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config import http
from config.http import Request
from gallery import appeals, cases, decisions
from gallery.cases import Case, Tab
from gallery.decisions import Ruling
from gallery.errors import AlreadyDecided, AnotherMustAnswer, BrokenCursor, NotDecidable, NotYours, OwnThing
from gallery.models import Action, Decision
from gallery.safety_forms import AnswerForm, DecisionForm, RestoreForm
from gallery.views.doors import NotAChoice, answering
from generation import renditions

if TYPE_CHECKING:
    from accounts.models import User

P = ParamSpec("P")
Door = Callable[Concatenate[Request, P], HttpResponseBase]

FILE_WIDTH = 640
DECIDED = "Somebody has decided this already. Here it is as it stands now."
OWN = "This is your own: somebody else decides."
ANOTHER = "You made this decision: another member of staff answers the appeal."
# What stands on the buttons; a strike is a taking away that costs something.
RULINGS = {
    "keep": (Action.KEEP, False),
    "withdraw": (Action.WITHDRAW, False),
    "refuse": (Action.REFUSE, False),
    "strike": (Action.WITHDRAW, True),
    "remove": (Action.REMOVE, False),
    "remove_strike": (Action.REMOVE, True),
}


def _staff(door: Door[P]) -> Door[P]:
    """For whoever may decide: other staff are refused, everybody else was sent to sign-in before."""

    @wraps(door)
    @never_cache
    def answer(request: Request, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.has_perm(appeals.PERMISSION):
            raise PermissionDenied
        return answering(door)(request, *args, **kwargs)

    return answer


@require_safe
@_staff
def queue(request: Request) -> HttpResponseBase:
    try:
        tab = Tab(request.GET.get("tab", Tab.REPORTS))
    except ValueError as error:
        raise NotAChoice("tab") from error
    after = request.GET.get("after", "0")
    if not after.isascii() or not after.isdecimal() or len(after) > 18:
        raise BrokenCursor(after=after[:64])
    page = cases.page(tab, after=int(after))
    context = {"page": page, "tab": tab, "tabs": cases.waiting(), "actor_id": request.user.pk}
    return render(request, "admin/gallery/moderation/queue.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@_staff
def art(request: Request, code: UUID) -> HttpResponseBase:
    case = cases.of_asset(code=code)
    if request.method != "POST":
        return _case(request, case)
    return _decide(request, case, lambda ruling: decisions.about_asset(code=code, actor=_actor(request), ruling=ruling))


@require_http_methods(["GET", "HEAD", "POST"])
@_staff
def comment(request: Request, code: UUID) -> HttpResponseBase:
    case = cases.of_comment(code=code)
    if request.method != "POST":
        return _case(request, case)
    return _decide(
        request, case, lambda ruling: decisions.about_comment(code=code, actor=_actor(request), ruling=ruling)
    )


@require_http_methods(["GET", "HEAD", "POST"])
@_staff
def appeal(request: Request, code: UUID) -> HttpResponseBase:
    """An appeal by itself, and its answer."""
    case = cases.of_appeal(code=code)
    if request.method != "POST":
        return _case(request, case)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _case(request, case, form=form, status=422)
    granted = form.cleaned_data["do"] == "grant"
    try:
        appeals.answer(code=code, actor=_actor(request), is_granted=granted, words=form.cleaned_data["answer"])
    except AlreadyDecided:
        return _case(request, cases.of_appeal(code=code), notice=DECIDED, status=409)
    except OwnThing:
        return _case(request, case, notice=OWN, status=409)
    except AnotherMustAnswer:
        return _case(request, case, notice=ANOTHER, status=409)
    return _done(request, case, "Appeal granted" if granted else "Appeal refused")


@require_POST
@_staff
def restore(request: Request, code: UUID) -> HttpResponseBase:
    """Give back what a decision took, without an appeal."""
    decision = Decision.objects.select_related("asset", "comment").filter(code=code).first()
    if decision is None:
        raise NotYours(code=code)
    case = (
        cases.of_asset(code=decision.asset.code) if decision.asset else cases.of_comment(code=_comment_code(decision))
    )
    form = RestoreForm(request.POST)
    if not form.is_valid():
        return _case(request, case, form=form, status=422)
    try:
        decisions.restore(decision=decision, actor=_actor(request), **form.cleaned_data)
    except AlreadyDecided:
        return _case(request, case, notice=DECIDED, status=409)
    except OwnThing:
        return _case(request, case, notice=OWN, status=409)
    except NotDecidable as error:
        return _case(request, case, notice=str(error.data["why"]), status=409)
    return _done(request, case, "Restored")


@require_safe
@_staff
def file(request: Request, code: UUID) -> HttpResponseBase:
    """The picture of a case, for staff alone: what is private is served by no other door."""
    asset = cases.of_asset(code=code).asset
    opened = renditions.open_one(asset, FILE_WIDTH, "webp", viewer_id=None)
    response = FileResponse(opened.file, content_type=opened.content_type)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


# --- The parts -------------------------------------------------------------------------------------------------------


def _actor(request: Request) -> "User":
    return cast("User", request.user)  # the admin's door let nobody else in


def _comment_code(decision: Decision) -> UUID:
    assert decision.comment is not None  # a constraint of the table
    return decision.comment.code


def _decide(request: Request, case: Case, decide: Callable[[Ruling], Decision]) -> HttpResponseBase:
    form = DecisionForm(request.POST, is_comment=case.is_comment)
    if not form.is_valid():
        return _case(request, case, form=form, status=422)
    told = form.cleaned_data
    action, with_strike = RULINGS[told["do"]]
    ruling = Ruling(
        action=action,
        seen=told["seen"],
        reason=told["reason"],
        note=told["note"],
        level=told.get("level", ""),
        with_strike=with_strike,
    )
    try:
        decision = decide(ruling)
    except NotDecidable as error:
        form.add_error("reason", str(error.data["why"]))
        return _case(request, case, form=form, status=422)
    except OwnThing:
        return _case(request, case, notice=OWN, status=409)
    except AlreadyDecided:
        return _case(request, case, notice=DECIDED, status=409)
    return _done(request, case, decision.get_action_display() + (", strike" if with_strike else ""))


def _case(request: Request, case: Case, *, form: Any = None, notice: str = "", status: int = 200) -> HttpResponse:
    """One case: to htmx as it stands in the queue, else a page of its own with what was decided before."""
    context = {"case": case, "form": form, "notice": notice, "actor_id": request.user.pk, "tab": _tab(request)}
    if request.htmx:
        return render(request, "admin/gallery/moderation/case.html", context, status=status)
    context |= {"history": cases.history(case), "tabs": cases.waiting(), "is_alone": True}
    return render(request, "admin/gallery/moderation/case_page.html", context, status=status)


def _done(request: Request, case: Case, said: str) -> HttpResponseBase:
    if request.htmx:
        return render(request, "admin/gallery/moderation/case_done.html", {"case": case, "said": said})
    messages.success(request, f"{said}.")
    return http.redirect(request, f"{reverse('moderation:queue')}?tab={_tab(request)}")


def _tab(request: Request) -> str:
    """Where the form stood, to go back there."""
    said = request.POST.get("tab", "") or request.GET.get("tab", "")
    return said if said in Tab.values else Tab.REPORTS
