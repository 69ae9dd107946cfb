"""The staff's queue: what waits for a decision, oldest first, in keyset pages. Reads only; numbers are bounded."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Count, Exists, Max, Model, OuterRef, Q, QuerySet, TextChoices
from django.utils import timezone

from gallery import mails
from gallery.errors import NotYours
from gallery.models import Appeal, AppealState, Comment, Decision, Report, ReportState, Strike
from generation.models import Asset, Moderation, Visibility

if TYPE_CHECKING:
    from accounts.models import User

PAGE_SIZE = 10
DONE_SIZE = 50
# Of a page's cases together; what is beyond it is counted, not shown.
REPORTS_MAX = 200
HISTORY_MAX = 50
COUNT_MAX = 100

_OF_ASSET = ("asset__job", "asset__model", "asset__owner", "asset__post")
_OF_COMMENT = ("comment__author", "comment__post__asset")


class Tab(TextChoices):
    REPORTS = "reports", "Reports"
    AUTOMATIC = "automatic", "Automatic"
    APPEALS = "appeals", "Appeals"
    DONE = "done", "Done"


@dataclass(frozen=True)
class Case:
    """A picture or a comment with what is known of it. `seen` is the id of the last decision about it, or 0."""

    thing: Asset | Comment
    reports: list[Report] = field(default_factory=list)
    seen: int = 0
    strikes: int = 0
    appeal: Appeal | None = None

    @property
    def is_comment(self) -> bool:
        return isinstance(self.thing, Comment)

    @property
    def owner(self) -> "User":
        person: User = self.thing.author if isinstance(self.thing, Comment) else self.thing.owner
        return person

    @property
    def asset(self) -> Asset:
        """The picture, or the one under which the comment stands."""
        return self.thing.post.asset if isinstance(self.thing, Comment) else self.thing

    @property
    def reasons(self) -> list[tuple[str, int]]:
        """What the reports say, each reason with how many say it."""
        told: dict[str, int] = defaultdict(int)
        for report in self.reports:
            told[report.get_reason_display()] += 1
        return sorted(told.items(), key=lambda one: -one[1])

    @property
    def notes(self) -> list[Report]:
        return [report for report in self.reports if report.note]

    @property
    def since(self) -> datetime | None:
        if self.appeal:
            return self.appeal.created_at
        return self.reports[0].created_at if self.reports else self.thing.created_at


@dataclass(frozen=True)
class Page:
    """Some cases, or decisions, and where the next page begins; 0 on the last."""

    items: Sequence[Case | Decision]
    after: int


@dataclass(frozen=True)
class Waiting:
    """How many wait on a tab, up to COUNT_MAX."""

    tab: Tab
    number: int

    @property
    def words(self) -> str:
        if self.tab == Tab.DONE:
            return self.tab.label
        return f"{self.tab.label}, {self.number}{'+' if self.number == COUNT_MAX else ''}"


# --- Pages -----------------------------------------------------------------------------------------------------------


def page(tab: Tab, *, after: int = 0) -> Page:
    """What waits on a tab after the row of that id."""
    return {Tab.REPORTS: _reported, Tab.AUTOMATIC: _flagged, Tab.APPEALS: _appealed, Tab.DONE: _done}[tab](after)


def waiting() -> list[Waiting]:
    """The tabs, with how many wait on each. Three queries, each stops at COUNT_MAX."""
    rows: dict[Tab, QuerySet[Report] | QuerySet[Asset] | QuerySet[Appeal]] = {
        Tab.REPORTS: _first_reports(),
        Tab.AUTOMATIC: _flagged_assets(),
        Tab.APPEALS: Appeal.objects.filter(state=AppealState.OPEN),
    }
    counts = {tab: len(found.values_list("pk")[:COUNT_MAX]) for tab, found in rows.items()}
    return [Waiting(tab, counts.get(tab, 0)) for tab in Tab]


def of_asset(*, code: UUID) -> Case:
    """Any picture that was shown or has a case: private ones of which nobody spoke are nobody's business."""
    spoken = Exists(Report.objects.filter(asset=OuterRef("pk"))) | Exists(Decision.objects.filter(asset=OuterRef("pk")))
    open_to_staff = ~Q(visibility=Visibility.PRIVATE) | Q(moderation=Moderation.UNKNOWN) | spoken
    assets = Asset.objects.filter(open_to_staff).select_related("job", "model", "owner", "post")
    if (asset := assets.filter(code=code).first()) is None:
        raise NotYours(code=code)
    return _known([asset])[0]


def of_comment(*, code: UUID) -> Case:
    comments = Comment.objects.select_related("author", "post__asset")
    if (comment := comments.filter(code=code).first()) is None:
        raise NotYours(code=code)
    return _known([comment])[0]


def of_appeal(*, code: UUID) -> Case:
    if (appeal := _appeals().filter(code=code).first()) is None:
        raise NotYours(code=code)
    return _known([_thing(appeal.decision)], appeals=[appeal])[0]


def history(case: Case) -> list[Decision]:
    """What was decided about it, the newest first."""
    about = {"comment": case.thing} if case.is_comment else {"asset": case.thing}
    return list(Decision.objects.filter(**about).select_related("actor", "strike").order_by("-pk")[:HISTORY_MAX])


def name_of(decision: Decision) -> str:
    return mails.name_of(decision)


# --- The parts -------------------------------------------------------------------------------------------------------


def _first_reports() -> QuerySet[Report]:
    """The oldest open report of each thing: what a case is filed under."""
    still_open = Report.objects.filter(state=ReportState.OPEN)
    same = Q(asset=OuterRef("asset")) | Q(comment=OuterRef("comment"))
    return still_open.exclude(Exists(still_open.filter(same, pk__lt=OuterRef("pk")))).order_by("pk")


def _flagged_assets() -> QuerySet[Asset]:
    return Asset.objects.filter(moderation=Moderation.UNKNOWN, deleted_at__isnull=True).order_by("pk")


def _appeals() -> QuerySet[Appeal]:
    about = (f"decision__{path}" for path in (*_OF_ASSET, *_OF_COMMENT))
    return Appeal.objects.select_related("decision__actor", *about).order_by("pk")


def _thing(row: Report | Decision) -> Asset | Comment:
    thing: Asset | Comment | None = row.asset or row.comment
    assert thing is not None  # a constraint of both tables
    return thing


def _reported(after: int) -> Page:
    found = list(_first_reports().filter(pk__gt=after).select_related(*_OF_ASSET, *_OF_COMMENT)[: PAGE_SIZE + 1])
    return Page(_known([_thing(report) for report in found[:PAGE_SIZE]]), _next(found, PAGE_SIZE))


def _flagged(after: int) -> Page:
    assets = _flagged_assets().filter(pk__gt=after).select_related("job", "model", "owner", "post")
    found = list(assets[: PAGE_SIZE + 1])
    return Page(_known(found[:PAGE_SIZE]), _next(found, PAGE_SIZE))


def _appealed(after: int) -> Page:
    found = list(_appeals().filter(state=AppealState.OPEN, pk__gt=after)[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    return Page(_known([_thing(one.decision) for one in shown], appeals=shown), _next(found, PAGE_SIZE))


def _done(after: int) -> Page:
    decided = Decision.objects.order_by("-pk").select_related("actor", "owner", "strike", *_OF_ASSET, *_OF_COMMENT)
    found = list((decided.filter(pk__lt=after) if after else decided)[: DONE_SIZE + 1])
    return Page(found[:DONE_SIZE], _next(found, DONE_SIZE))


def _next(found: Sequence[Model], size: int) -> int:
    return int(found[size - 1].pk) if len(found) > size else 0


def _known(things: Sequence[Asset | Comment], *, appeals: Sequence[Appeal] = ()) -> list[Case]:
    """The cases of these things, with reports, strikes and the last decision: three queries, however many."""
    assets = [thing for thing in things if isinstance(thing, Asset)]
    comments = [thing for thing in things if isinstance(thing, Comment)]
    about = Q(asset__in=assets) | Q(comment__in=comments)
    told = Report.objects.filter(about, state=ReportState.OPEN).select_related("reporter").order_by("pk")
    reports = _by_thing(told[:REPORTS_MAX])
    last = Decision.objects.filter(about).order_by().values_list("asset", "comment").annotate(Max("pk"))
    seen = {(asset, comment): pk for asset, comment, pk in last}
    strikes = _strikes(thing.author_id if isinstance(thing, Comment) else thing.owner_id for thing in things)
    cases = []
    for place, thing in enumerate(things):
        key = (None, thing.pk) if isinstance(thing, Comment) else (thing.pk, None)
        owner_id = thing.author_id if isinstance(thing, Comment) else thing.owner_id
        appeal = appeals[place] if appeals else None
        cases.append(Case(thing, reports[key], seen.get(key, 0), strikes.get(owner_id, 0), appeal))
    return cases


def _by_thing(reports: Iterable[Report]) -> dict[tuple[int | None, int | None], list[Report]]:
    found: dict[tuple[int | None, int | None], list[Report]] = defaultdict(list)
    for report in reports:
        found[report.asset_id, report.comment_id].append(report)
    return found


def _strikes(owner_ids: Iterable[int]) -> dict[int, int]:
    live = Strike.objects.filter(owner__in=set(owner_ids), lifted_at__isnull=True, expires_at__gt=timezone.now())
    return dict(live.order_by().values_list("owner").annotate(Count("pk")))
