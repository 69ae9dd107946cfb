"""The standing data of the emulated account: who it is, its deployment, what hardware and collections there are."""

from typing import Any

from tests.emulators.replicate import models

ACCOUNT = {
    "type": "organization",
    "username": "atelier",
    "name": "Atelier (emulated)",
    "github_url": "https://github.com/atelier",
    "avatar_url": None,
}
HARDWARE = [
    {"name": "CPU", "sku": "cpu"},
    {"name": "Nvidia T4 GPU", "sku": "gpu-t4"},
    {"name": "Nvidia L40S GPU", "sku": "gpu-l40s"},
    {"name": "Nvidia A100 (80GB) GPU", "sku": "gpu-a100-large"},
    {"name": "Nvidia H100 GPU", "sku": "gpu-h100"},
]
# By owner/name: the model that runs there.
DEPLOYMENTS = {"atelier/portraits": "black-forest-labs/flux-dev", "atelier/sketches": "stability-ai/sdxl"}
COLLECTIONS = {
    "text-to-image": ("Generate images", "Models that generate images from text prompts"),
    "image-editing": ("Edit images", "Models that change an image as they are told"),
    "3d-models": (
        "Make 3D stuff",
        "Models that generate 3D objects, scenes, radiance fields, textures and multi-views",
    ),
    "flux-fine-tunes": ("Flux fine-tunes", "Models that learn a style or a subject"),
}


def deployment_told(name: str) -> dict[str, Any]:
    model = models.everything()[DEPLOYMENTS[name]]
    owner, _, short = name.partition("/")
    release = {
        "number": 1,
        "model": model.id,
        "version": model.versions[0],
        "created_at": models.CREATED_AT,
        "created_by": ACCOUNT,
        "configuration": {"hardware": "gpu-l40s", "min_instances": 0, "max_instances": 2},
    }
    return {"owner": owner, "name": short, "current_release": release}


def collection_told(slug: str, base_url: str, *, with_models: bool = False) -> dict[str, Any]:
    name, about = COLLECTIONS[slug]
    told: dict[str, Any] = {"slug": slug, "name": name, "description": about, "full_description": None}
    if with_models:
        members = [model for model in models.everything().values() if model.collection == slug]
        told["models"] = [model.told(base_url) for model in members]
    return told
