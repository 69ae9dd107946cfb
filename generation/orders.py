"""What a provider is asked for a try of a job: the order. Reads the reference's bytes; knows no provider's API."""

from django.core.files.storage import default_storage
from django.utils import timezone

from generation.models import Attempt, ErrorCode, Job
from generation.providers.base import Order, ProviderError, Reference


def of(job: Job, attempt: Attempt) -> Order:
    """The order of an attempt, at the model that it tries. Raises ProviderError for a reference that is gone."""
    model = attempt.model or job.model
    is_chosen = model.pk == job.model_id  # steps and guidance were chosen within that model's range
    return Order(
        attempt_code=attempt.code,
        provider_model=model.provider_model,
        prompt=job.prompt_sent,
        negative_prompt=job.negative_prompt,
        style=job.style,
        width=job.width_px,
        height=job.height_px,
        seeds=tuple(job.seeds()),
        aspect_ratio=job.aspect_ratio,
        output_kind=model.output_kind,
        steps=job.steps if is_chosen else None,
        guidance=job.guidance if is_chosen else None,
        reference=_reference(job),
        strength=job.strength if model.supports_strength else None,
        recipe=model.recipe,
        seconds_left=max(0.0, (job.deadline_at - timezone.now()).total_seconds()),
    )


def _reference(job: Job) -> Reference | None:
    if job.reference is None:
        return None
    try:
        with default_storage.open(job.reference.storage_key, "rb") as file:
            return Reference(data=file.read(), content_type=job.reference.content_type)
    except FileNotFoundError as error:
        raise ProviderError(ErrorCode.BAD_REFERENCE, permanent=True, detail="its bytes are gone") from error
