"""Where a picture comes from and what was made from it, as far as one viewer may know. Reads only.

What generation.lineage keeps for a job is told here for pictures.
"""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from gallery import pieces
from gallery.models import LEVELS_FOR_ALL, Visibility
from gallery.pieces import Piece, Viewer
from generation.models import Asset, Job
from generation.models.job import Origin

FAMILY = (Origin.REMIX, Origin.VARIATION)
JOBS_MAX = 200
"""Of so many jobs that began from this one, the newest, pictures are sought: most of them stay private."""
EACH_MAX = 24


@dataclass(frozen=True)
class Kin:
    """Pictures of the same family, newest first but for the parent."""

    parent: Piece | None
    origin: str
    remixes: list[Piece]
    variations: list[Piece]

    def __bool__(self) -> bool:
        return bool(self.parent or self.remixes or self.variations)


def of(*, piece: Piece, viewer: Viewer, levels: Collection[str]) -> Kin:
    """The family of a picture, in one query. Others' unlisted ones are left out: their address is not ours to give."""
    job = piece.asset.job
    origin = job.origin if job.parent_id and job.origin in FAMILY else ""
    found = _family(job, viewer.pk, levels).exclude(pk=piece.asset.pk)[: 4 * EACH_MAX]
    family = [pieces.of(asset, viewer=viewer) for asset in found]
    parents = [one for one in family if origin and one.asset.job_id == job.parent_id]
    remixes = [one for one in family if _came_from(one, job, Origin.REMIX)]
    variations = [one for one in family if _came_from(one, job, Origin.VARIATION) or one.asset.job_id == job.pk]
    return Kin(
        parent=min(parents, key=lambda one: one.asset.index, default=None),
        origin=origin,
        remixes=remixes[:EACH_MAX],
        variations=variations[:EACH_MAX],
    )


def _came_from(piece: Piece, job: Job, origin: Origin) -> bool:
    return piece.asset.job.parent_id == job.pk and piece.asset.job.origin == origin


def _family(job: Job, viewer_id: int | None, levels: Collection[str]) -> QuerySet[Asset]:
    # Sets of ids and no OR over pictures, so that each is found by its own index.
    children = Job.objects.filter(parent=job, origin__in=FAMILY).order_by("-pk")
    jobs = (
        Job.objects.filter(pk__in=[job.pk, job.parent_id])
        .values("pk")
        .union(children.values("pk")[:JOBS_MAX], all=True)
    )
    # Small pictures have no veil, so what would need one is left out.
    open_to_all = Q(visibility=Visibility.PUBLIC, level__in=set(levels) & set(LEVELS_FOR_ALL))
    return (
        Asset.objects.visible_to_id(viewer_id)
        .filter(open_to_all | Q(owner=viewer_id) if viewer_id else open_to_all)
        .filter(job__in=jobs)
        .select_related("job__model", "model", "owner", "post")
        .order_by("-pk")
    )
