"""The staff's Replicate pages that also act: a model into the catalogue, a training started or cancelled."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from credits import staff
from generation import acts, console, imports, staff_forms
from generation.errors import ActKnown, NothingToAsk
from generation.models import InferenceModel
from generation.providers import registry
from generation.views import answers


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """A model into the catalogue: the form as its schema suggests it."""
    actor_id = staff.require(request, answers.PERMISSION)
    form = staff_forms.NewRow(request.POST or None, instance=imports.blank())
    if _may_act(request) and form.is_valid() and (row := _added(form, actor_id)):
        messages.success(request, f"{row} is in the catalogue, switched off. Try it, then switch it on.")
        return redirect("admin:generation_inferencemodel_change", row.pk)
    return _with_form(
        request,
        "model",
        {"owner": owner, "name": name},
        title=f"Add {owner}/{name} to the catalogue",
        section="models",
        template="add",
        form=form,
        extras=lambda request, answer: {"owner": owner, "name": name, **_proposed(request, answer)},
    )


def _added(form: staff_forms.NewRow, actor_id: int) -> InferenceModel | None:
    try:
        imports.add(row=form.instance, actor_id=actor_id, reason=form.cleaned_data["reason"])
    except ValidationError as error:
        form.add_error(None, error)
        return None
    return form.instance


def _proposed(request: HttpRequest, answer: console.Answer) -> Mapping[str, Any]:
    """Filled in as the model suggests, until staff have written something else."""
    if answer.data is None or request.method == "POST":
        return {}
    proposal = imports.propose(answer.data)
    form = staff_forms.NewRow(instance=imports.blank(), initial=dict(proposal.values))
    return {"form": form, "proposal": proposal}


@require_http_methods(["GET", "HEAD", "POST"])
def version(request: HttpRequest, owner: str, name: str, version: str) -> HttpResponse:
    """A version's inputs and, where it can be trained, the form that starts a training."""
    actor_id = staff.require(request, answers.PERMISSION)
    words = {"owner": owner, "name": name, "version": version}
    form = staff_forms.Training(request.POST or None)
    if _may_act(request) and (act := _started(form, words, actor_id)):
        return redirect("replicate:act", act.id)
    return _with_form(
        request,
        "version",
        words,
        title=f"{owner}/{name}, version {version[:12]}",
        section="models",
        template="version",
        form=form,
        extras=lambda request, answer: words,
    )


def _started(form: staff_forms.Training, words: Mapping[str, str], actor_id: int) -> acts.Act | None:
    """The training that a form asks for; None with the words in the form where it asks for none."""
    try:
        known = console.peek("version", **words).data
    except NothingToAsk as error:
        raise Http404 from error
    if not form.is_valid():
        return None
    said = form.cleaned_data
    if known and (wrong := acts.wrong_input(known, said["given"])):
        form.add_error("given", wrong)
        return None
    return _known_act(
        form,
        lambda: acts.start_training(
            actor_id=actor_id,
            form_key=str(said["key"]),
            reason=said["reason"],
            model=f"{words['owner']}/{words['name']}",
            version=words["version"],
            destination=said["destination"],
            hardware=said["hardware"],
            given=said["given"],
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def training(request: HttpRequest, training_id: str) -> HttpResponse:
    """A training with its logs, and the form that cancels it."""
    actor_id = staff.require(request, answers.PERMISSION)
    form = staff_forms.Reasoned(request.POST or None)
    if _may_act(request) and (act := _cancelled(form, training_id, actor_id)):
        return redirect("replicate:act", act.id)
    return _with_form(
        request,
        "training",
        {"training_id": training_id},
        title=f"Training {training_id}",
        section="trainings",
        template="training",
        form=form,
    )


def _cancelled(form: staff_forms.Reasoned, training_id: str, actor_id: int) -> acts.Act | None:
    try:
        console.check("training", {"training_id": training_id})
    except NothingToAsk as error:
        raise Http404 from error
    if not form.is_valid():
        return None
    said = form.cleaned_data
    return _known_act(
        form,
        lambda: acts.cancel_training(
            actor_id=actor_id, form_key=str(said["key"]), reason=said["reason"], training_id=training_id
        ),
    )


def _may_act(request: HttpRequest) -> bool:
    return request.method == "POST" and registry.is_configured("replicate")


def _known_act(form: BaseForm, write: Callable[[], acts.Act]) -> acts.Act | None:
    try:
        return write()
    except ActKnown:
        form.add_error(None, "This form was sent before with other values. Open the page anew for another one.")
        return None


def _with_form(
    request: HttpRequest,
    kind: str,
    words: Mapping[str, str],
    *,
    form: BaseForm,
    extras: answers.Extras = answers.nothing,
    **page: Any,
) -> HttpResponse:
    """A page with a form; 422 with one that was refused. What somebody may be writing in is not replaced."""

    def whole(request: HttpRequest, answer: console.Answer) -> Mapping[str, Any]:
        still = {"is_awaited": False, "is_given_up": False} if answer.data or form.is_bound else {}
        return {"form": form, **extras(request, answer), **still}

    response = answers.page(request, kind, words, extras=whole, **page)
    if form.errors:
        response.status_code = 422
    return response


@require_http_methods(["GET", "HEAD"])
def act(request: HttpRequest, act_id: int) -> HttpResponse:
    """How far something is that staff asked for."""
    staff.require(request, answers.PERMISSION)
    found = acts.find(act_id)
    if found is None:
        raise Http404
    looks = answers.looks_of(request)
    context = {
        "title": found.title,
        "section": "trainings" if found.told.training_id else "",
        "act": found,
        "is_awaited": found.is_open and looks < answers.LOOKS_MAX,
        "look_url": f"{reverse('replicate:act', args=[act_id])}?look={looks + 1}",
        "body": "admin/replicate/partials/act.html",
        "again_url": request.path,
        "is_given_up": found.is_open and looks >= answers.LOOKS_MAX,
    }
    return answers.render(request, "page", context)
