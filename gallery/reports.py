"""What people report. A person has one open report of a thing: sent again it stays the first. The only writer of new
ones; decisions.py closes them."""

from typing import TYPE_CHECKING
from uuid import UUID

from gallery.errors import NotYours, OwnThing
from gallery.models import Comment, Report
from generation.models import Asset

if TYPE_CHECKING:
    from accounts.models import User


def find_asset(*, code: UUID, reporter: "User") -> Asset:
    """A picture that the reporter may see, with its post. Raises NotYours, OwnThing."""
    seen = Asset.objects.visible_to(reporter).select_related("owner", "post", "job")
    if (asset := seen.filter(code=code).first()) is None:
        raise NotYours(code=code)
    if asset.owner_id == reporter.pk:
        raise OwnThing(code=code)
    return asset


def find_comment(*, code: UUID, reporter: "User") -> Comment:
    """A comment under a picture that the reporter may see. Raises NotYours, OwnThing."""
    comments = Comment.objects.filter(code=code, removed_at__isnull=True)
    comments = comments.filter(post__asset__in=Asset.objects.visible_to(reporter))
    if (comment := comments.select_related("author", "post__asset").first()) is None:
        raise NotYours(code=code)
    if comment.author_id == reporter.pk:
        raise OwnThing(code=code)
    return comment


def send(*, reporter: "User", thing: Asset | Comment, reason: str, note: str) -> None:
    """Write it down for staff to look at. Two clicks at once are one report."""
    about = {"asset": thing} if isinstance(thing, Asset) else {"comment": thing}
    report = Report(reporter=reporter, reason=reason, note=note, **about)
    Report.objects.bulk_create([report], ignore_conflicts=True)
