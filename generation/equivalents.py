"""Which other model may take over a job: of the same family, able to do the same, and able to run now. Reads only.

The owner's price is locked before anybody knows whether it will be needed, so no equivalent costs them more; a Pro
model takes purchased credits only, so it stands in for another Pro model alone.
"""

from collections.abc import Collection

from generation import breaker, catalogue
from generation.models import Attempt, InferenceModel, Job, Style
from generation.wish import Wish


def family(model: InferenceModel) -> list[InferenceModel]:
    """The other models that can stand in for this one at all, as long as they are switched on."""
    return [
        other
        for other in catalogue.listed()
        if model.family
        and other.family == model.family
        and other.pk != model.pk
        and other.available
        and other.output_kind == model.output_kind
        and (model.is_pro or not other.is_pro)
    ]


def of_wish(wish: Wish) -> InferenceModel | None:
    """The model that would take over a request whose own one cannot run now."""
    able = [other for other in family(wish.model) if _able(other, wish, follows=wish.reference_id is not None)]
    return _best(able, wish.model)


def of_job(job: Job) -> InferenceModel | None:
    """The model for a job's next try: none that it has tried before. One statement."""
    tried = {job.model_id, job.stand_in_id, *Attempt.objects.filter(job=job).values_list("model_id", flat=True)}
    able = [
        other
        for other in family(job.model)
        if other.pk not in tried and _able(other, job, follows=job.reference_id is not None)
    ]
    return _best(able, job.maker)


def _able(model: InferenceModel, asked: Wish | Job, *, follows: bool) -> bool:
    """Whether a model can do what was asked for, each part of it."""
    return (
        asked.aspect_ratio in model.aspect_ratios
        and asked.count <= model.max_count
        and (asked.style == Style.NONE or asked.style in model.styles)
        and (model.supports_negative or not asked.negative_prompt)
        and (model.supports_reference or not follows)
    )


def _best(able: Collection[InferenceModel], instead_of: InferenceModel) -> InferenceModel | None:
    """Of those whose provider may be called: another provider first, then the nearest rate, in the picker's order."""
    if not able:
        return None
    stands = breaker.states(sorted({model.provider for model in able}))
    ready = [model for model in able if not stands[model.provider].is_open]

    def rank(model: InferenceModel) -> tuple[bool, int, int]:
        distance = abs(model.price_credits - instead_of.price_credits)
        return model.provider == instead_of.provider, distance, model.position

    return min(ready, key=rank, default=None)
