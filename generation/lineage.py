"""Where a request comes from: another job of one's own, or a picture whose settings are visible. Kept by the server."""

from dataclasses import dataclass
from uuid import UUID

from generation.models import Asset, Job
from generation.models.job import Origin


@dataclass(frozen=True)
class Parent:
    """A job to start from. `label` is what the form's hidden field carries."""

    job: Job
    origin: Origin
    label: str


def of_job(*, code: str, owner_id: int | None, origin: Origin) -> Parent | None:
    """One's own job; None for a code that is malformed, unknown or another's."""
    uuid = _uuid(code)
    if uuid is None or owner_id is None:
        return None
    job = Job.objects.select_related("model").filter(code=uuid, owner_id=owner_id).first()
    return Parent(job, origin, f"{origin}:{uuid}") if job else None


def of_asset(*, code: str, viewer_id: int | None, origin: Origin = Origin.REMIX) -> Parent | None:
    """The job behind a picture that this viewer may see together with its prompt."""
    uuid = _uuid(code)
    if uuid is None:
        return None
    assets = Asset.objects.visible_to_id(viewer_id).select_related("job__model").filter(code=uuid)
    asset = assets.first()
    if asset is None or (asset.prompt_hidden and asset.owner_id != viewer_id):
        return None
    return Parent(asset.job, origin, f"{origin}:{uuid}")


def of_label(*, label: str, viewer_id: int | None) -> Parent | None:
    """What a form's hidden field says, checked anew. Anything else is no lineage, and no error."""
    origin, _, code = label.partition(":")
    if origin == Origin.REMIX:
        return of_asset(code=code, viewer_id=viewer_id)
    if origin == Origin.VARIATION:  # of one's own job, or of somebody's picture: no code is both
        own = of_job(code=code, owner_id=viewer_id, origin=Origin.VARIATION)
        return own or of_asset(code=code, viewer_id=viewer_id, origin=Origin.VARIATION)
    return None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
