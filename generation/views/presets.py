"""Presets: the list, one's own words and settings kept, and a form filled from them. All of it needs an account."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from config import http, views
from config.http import Request
from generation import catalogue, presets
from generation.errors import BrokenCursor, PresetNameTaken, PresetsFull
from generation.models import Preset, SeedMode, Style
from generation.preset_forms import ALL, WORDS, FillForm, PresetForm, settings_in
from generation.prompts import variables
from generation.prompts.variables import BadVariable, Part, Template
from generation.views import filling, studio

if TYPE_CHECKING:
    from accounts.models import User

P = ParamSpec("P")
Door = Callable[Concatenate[Request, P], HttpResponse]
NAME_GUESS = 40
# What the address of the studio carries besides a preset, so that nothing that was typed is lost.
TYPED = (*filling.CARRIED, "prompt", "reference")
PRESET_HIDDEN = (*presets.SETTINGS, "reference", "parent")


@dataclass(frozen=True)
class Shown:
    """A preset as pages show it: its words taken apart, its settings in a few words."""

    preset: Preset
    template: Template
    facts: list[str]


def for_accounts(door: Door[P]) -> Door[P]:
    """Whoever has no account is sent to sign-in; no cache keeps what is answered."""

    @never_cache
    @wraps(door)
    def answer(request: Request, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            back = request.get_full_path() if request.method in {"GET", "HEAD"} else reverse("presets")
            return http.redirect(request, f"{reverse('account_login')}?{urlencode({'next': back})}", status=302)
        response = door(request, *args, **kwargs)
        patch_vary_headers(response, ["HX-Request"])
        return response

    return answer


# --- Doors -----------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@for_accounts
def mine(request: Request) -> HttpResponse:
    """One's own, the last used first; posted to, a new one, with the fields of the studio's form."""
    if request.method == "POST":
        return _keep(request)
    after = request.GET.get("after", "")
    try:
        page = presets.page(owner_id=_owner(request).pk, after=after)
    except BrokenCursor:
        return views.bad_request(request)
    template = "generation/partials/presets_more.html" if request.htmx else "generation/presets.html"
    next_url = f"{reverse('presets')}?{urlencode({'after': page.after})}" if page.after else ""
    context = {"page": page, "shown": [shown(one) for one in page.items], "next_url": next_url, "is_first": not after}
    return render(request, template, context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_accounts
def new(request: Request) -> HttpResponse:
    """Asks for a name. The words and settings are those of the studio's form that was posted here, of the job or
    picture that the address names (`from`, `remix`), or none."""
    if request.method == "POST":
        said = dict(studio.read(request, needs_prompt=False)[0].data)
    else:
        parent = filling.parent_of(request)
        if parent is None and ("from" in request.GET or "remix" in request.GET):
            raise Http404
        said = filling.of_address(request, parent) if parent else {}
    words = str(said.get("prompt") or "").strip()
    settings, _ = settings_in(said)
    name = " ".join(words[:NAME_GUESS].split())
    form = PresetForm(initial={"name": name, "prompt": words, "keep": ALL if settings else WORDS}, settings=settings)
    return _form(request, form, None, said)


@require_safe
@for_accounts
def menu(request: Request) -> HttpResponse:
    """The few that were used last, for the studio to load when its menu is opened."""
    latest = presets.latest(owner_id=_owner(request).pk)
    return render(request, "generation/partials/presets_menu.html", {"shown": [shown(one) for one in latest]})


@require_http_methods(["GET", "HEAD", "POST"])
@for_accounts
def use(request: Request, code: UUID) -> HttpResponse:
    """To the studio, filled in. Where places are open they are asked for first."""
    preset = _own(request, code)
    try:
        template = variables.parse(preset.prompt)
    except BadVariable:  # of a release that allowed more
        template = Template(())
    if not template.variables:
        presets.used(preset=preset)
        return http.redirect(request, f"/?preset={preset.code}", status=302 if request.method == "GET" else 303)
    form = FillForm(template, request.POST if request.method == "POST" else None)
    if form.is_valid():
        presets.used(preset=preset)
        return studio.filled(request, filling.of_address(request, None, preset) | {"prompt": form.prompt})
    context = {"shown": shown(preset), "form": form, "fields": _fields(form), "sent": _sent(form)}
    return render(request, "generation/preset_use.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@for_accounts
def edit(request: Request, code: UUID) -> HttpResponse:
    preset = _own(request, code)
    if request.method != "POST":
        keep = ALL if preset.settings else WORDS
        initial = {"name": preset.name, "prompt": preset.prompt, "keep": keep}
        return _form(request, PresetForm(initial=initial, settings=preset.settings), preset, {})
    form = PresetForm(request.POST, settings=preset.settings)
    if form.is_valid():
        try:
            presets.edit(preset=preset, **_told(form))
        except PresetNameTaken:
            form.add_error("name", "You have one of that name.")
        else:
            messages.success(request, "Saved.")
            return http.redirect(request, reverse("presets"))
    return _form(request, form, _own(request, code), {}, 422)


@require_http_methods(["GET", "HEAD", "POST"])
@for_accounts
def delete(request: Request, code: UUID) -> HttpResponse:
    """Asks first; posted to, it is gone."""
    preset = _own(request, code)
    if request.method != "POST":
        return _panel(request, "preset_delete", {"preset": preset})
    presets.delete(preset=preset)
    messages.success(request, f"“{preset.name}” is gone.")
    return http.redirect(request, reverse("presets"))


# --- What they are made of -------------------------------------------------------------------------------------------


def shown(preset: Preset) -> Shown:
    try:
        template = variables.parse(preset.prompt)
    except BadVariable:
        template = Template((Part(preset.prompt),))
    return Shown(preset, template, facts(preset.settings))


def facts(settings: dict[str, Any]) -> list[str]:
    """Settings in a few words: what differs from what every form says."""
    if not settings:
        return []
    model = catalogue.find(str(settings.get("model", "")))
    count = settings.get("count", 1)
    told = [model.name if model else "A model that is gone", str(settings.get("aspect_ratio", ""))]
    told += [f"{count} pictures"] if count != 1 else []
    style = str(settings.get("style", Style.NONE))
    told += [Style(style).label] if style in Style.values and style != Style.NONE else []
    if settings.get("seed_mode") == SeedMode.COUNTING:
        told.append("seed counting up")
    elif settings.get("seed") is not None:
        told.append(f"seed {settings['seed']}")
    told += [f"without “{settings['negative_prompt']}”"] if settings.get("negative_prompt") else []
    return [one for one in told if one]


def _keep(request: Request) -> HttpResponse:
    said = request.POST.dict()
    wants_settings = said.get("keep") == ALL
    settings, wrong = settings_in(said) if wants_settings else ({}, [])
    form = PresetForm(said, settings=settings)
    for error in wrong:
        form.add_error(None, error)
    if form.is_valid():
        try:
            preset = presets.keep(owner=_owner(request), **_told(form))
        except PresetNameTaken:
            form.add_error("name", "You have one of that name.")
        except PresetsFull as full:
            form.add_error(None, f"There is room for {full.data['most']}, and you have them. Delete one first.")
        else:
            return _kept(request, preset, said)
    return _form(request, form, None, said, 422)


def _kept(request: Request, preset: Preset, said: dict[str, str]) -> HttpResponse:
    """Back to where one was: to the studio with all that was typed, or to the list."""
    messages.success(request, f"“{preset.name}” is kept.")
    is_studio = said.get("back") == "studio"
    if request.htmx and is_studio:
        response = render(request, "components/toasts_oob.html")
        response["HX-Trigger"] = "dialog-done, presets-changed"
        return response
    typed = {name: said[name] for name in TYPED if said.get(name)}
    return http.redirect(request, f"/?{urlencode(typed)}" if is_studio else reverse("presets"))


def _told(form: PresetForm) -> dict[str, Any]:
    return {"name": form.cleaned_data["name"], "prompt": form.cleaned_data["prompt"], "settings": form.settings}


def _fields(form: FillForm) -> list[Any]:
    """(the bound field, its variable)"""
    return [(form[one.field], one) for one in form.template.variables]


def _sent(form: FillForm) -> list[tuple[Part, str | None]]:
    """The prompt as it would be sent now: each part with what stands in its place, None while nothing does."""
    places = {one.name: (form[one.field].value() or "").strip() or one.default for one in form.template.variables}
    return [(part, places[part.variable.name] if part.variable else None) for part in form.template.parts]


def _form(
    request: Request, form: PresetForm, preset: Preset | None, said: dict[str, Any], status: int = 200
) -> HttpResponse:
    hidden = {name: said[name] for name in PRESET_HIDDEN if said.get(name) not in (None, "")}
    context = {
        "form": form,
        "preset": preset,
        "hidden": hidden,
        "facts": facts(preset.settings if preset else settings_in(said)[0]),
        "back": said.get("back", ""),
    }
    return _panel(request, "preset_form", context, status)


def _panel(request: Request, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """A page of its own, or to htmx what its dialog shows."""
    panel = f"generation/partials/{name}.html"
    template = panel if request.htmx else "generation/panel.html"
    return render(request, template, context | {"panel": panel}, status=status)


def _own(request: Request, code: UUID) -> Preset:
    preset = presets.find(code=code, owner_id=request.user.pk)
    if preset is None:
        raise Http404
    return preset


def _owner(request: HttpRequest) -> "User":
    assert request.user.is_authenticated  # for_accounts has looked
    return request.user
