"""What the studio's form is filled with before anybody typed: by a link, a remix, an enhancement, or as a rule."""

import uuid
from typing import Any

from django.conf import settings

from config.http import Request
from generation import carried, catalogue, health, lineage, presets, references
from generation.forms import EQUIVALENT, ONLY
from generation.models import Enhancement, EnhancementState, InferenceModel, Preset, SeedMode
from generation.models.job import Origin
from generation.shapes import SHAPES
from generation.wish import asked

# What the studio's address may carry: a link's settings, and those of a form that waits for its enhancement.
CARRIED = (
    "model",
    "aspect_ratio",
    "count",
    "style",
    "seed",
    "seed_mode",
    "negative_prompt",
    "steps",
    "guidance",
    "failover",
    "strength",
    "parent",
    "enhance",
)


def new_key() -> str:
    """A press of Generate with the same key is the same request."""
    return uuid.uuid4().hex


def parent_of(request: Request) -> lineage.Parent | None:
    """What is remixed or varied, where the address names one that this person may use."""
    viewer_id = request.owner_id()
    if code := request.GET.get("remix"):
        origin = Origin.VARIATION if "variation" in request.GET else Origin.REMIX
        return lineage.of_asset(code=code, viewer_id=viewer_id, origin=origin)
    if code := request.GET.get("from"):
        return lineage.of_job(code=code, owner_id=viewer_id, origin=Origin.VARIATION)
    return None


def of_address(request: Request, parent: lineage.Parent | None, preset: Preset | None = None) -> dict[str, Any]:
    """The first model that runs as it is used as a rule; over that a preset, over that a link, over that a parent;
    fitted to the model."""
    preset = preset or presets.find(code=request.GET.get("preset", ""), owner_id=request.owner_id())
    ready = health.ready(health.picker(catalogue.listed()))
    initial: dict[str, Any] = {
        "prompt": "",
        "model": ready.slug if ready else "",
        "aspect_ratio": "1:1",
        "count": 1,
        "style": "none",
        "seed_mode": SeedMode.RANDOM,
        "failover": ONLY,
        "key": new_key(),
    }
    if preset is not None:
        initial |= _of_preset(preset)
    if "prompt" in request.GET:
        initial["prompt"] = request.GET["prompt"].replace("\x00", "")[: settings.PROMPT_MAX]
    # The form asks for its own controls again when another model is chosen, and links may fill it.
    initial |= {name: request.GET[name][:1000] for name in CARRIED if name in request.GET}
    if reference := references.find(code=request.GET.get("reference", ""), owner_id=request.owner_id()):
        initial["reference"] = str(reference.code)
    if parent is not None:
        initial |= _of_parent(parent, viewer_id=request.owner_id(), variation="variation" in request.GET)
    if initial["aspect_ratio"] not in SHAPES:
        initial["aspect_ratio"] = "1:1"
    if (model := catalogue.find(initial["model"]) or ready) is not None:  # as the picker has it
        initial |= _fitted(initial, model)
    return initial


def of_file(request: Request, initial: dict[str, Any]) -> carried.Filling | None:
    """What the file of the reference picture carried, where the address asks for it and it is still known."""
    if request.GET.get("settings") != "file":
        return None
    reference = references.find(code=str(initial.get("reference", "")), owner_id=request.owner_id())
    found = carried.recall(reference)
    return carried.fill(found, model=catalogue.find(initial["model"])) if found else None


def _of_preset(preset: Preset) -> dict[str, Any]:
    """What it keeps, but for a model that is not on offer any more; words that it lacks say nothing."""
    kept: dict[str, Any] = {
        name: value if value is True else str(value)  # as an address has them
        for name, value in preset.settings.items()
        if name in presets.SETTINGS
    }
    if not catalogue.find(kept.get("model", "")):
        kept.pop("model", None)
    return kept | ({"prompt": preset.prompt} if preset.prompt else {})


def _fitted(initial: dict[str, Any], model: InferenceModel) -> dict[str, Any]:
    """What another model's settings become where this one has no such thing: what it does as a rule."""
    fitted: dict[str, Any] = {}
    if initial["aspect_ratio"] not in model.aspect_ratios:
        fitted["aspect_ratio"] = model.aspect_ratios[0] if model.aspect_ratios else "1:1"
    if count_of(initial["count"]) > model.max_count:
        fitted["count"] = model.max_count
    if initial["style"] not in model.styles:
        fitted["style"] = "none"
    for name, most in (("steps", model.max_steps), ("guidance", model.max_guidance)):
        if initial.get(name) and not _is_within(initial[name], most):
            fitted[name] = None
    return fitted


def _is_within(value: object, most: float | None) -> bool:
    try:
        return most is not None and 0 <= float(str(value)) <= most
    except ValueError:
        return False


def of_enhancement(request: Request, row: Enhancement) -> dict[str, Any]:
    """The form that asked for an enhancement: what its row does not keep stands in the address."""
    initial = of_address(request, None) | {"prompt": row.written, "style": row.style, "enhance": True}
    if row.model is not None and catalogue.find(row.model.slug):
        initial["model"] = row.model.slug
    if row.reference is not None:
        initial["reference"] = str(row.reference.code)
    if row.state == EnhancementState.DONE:
        initial |= {"enhancement": str(row.code), "enhanced": row.text}
    return initial


def _of_parent(parent: lineage.Parent, *, viewer_id: int | None, variation: bool) -> dict[str, Any]:
    """Reuse has the same settings; a variation is locked to the seed beside them. A reference is its owner's alone."""
    job = parent.job
    kept: dict[str, Any] = {
        "prompt": job.prompt_written,
        "negative_prompt": job.negative_prompt,
        "aspect_ratio": job.aspect_ratio,
        "count": job.count,
        "style": job.style,
        "seed_mode": job.seed_mode,
        "seed": None if job.seed_mode == SeedMode.RANDOM else job.seed,
        "steps": job.steps,
        "guidance": job.guidance,
        "parent": parent.label,
        "failover": EQUIVALENT if job.failover else ONLY,
    }
    if job.prompt_enhanced:
        kept |= {"enhance": True, "enhanced": asked(job)}
    if job.owner_id == viewer_id and job.reference is not None:
        kept |= {"reference": str(job.reference.code), "strength": job.strength}
    if catalogue.find(job.model.slug):
        kept["model"] = job.model.slug
    if variation:
        kept |= {"seed": (job.seed + job.count) % 2**32, "seed_mode": SeedMode.LOCKED, "count": 1}
    return kept


def count_of(text: object) -> int:
    """A number of pictures as an address has it; one where it is none."""
    return int(str(text)) if str(text) in {"1", "2", "3", "4"} else 1
