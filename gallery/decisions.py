"""What staff decide about a picture or a comment, and everything that follows from it. The only writer of decisions.

One transaction each: first the thing is locked, then its reports, then the appeal. Whoever decides says which decision
was the last that they saw; had somebody decided since, nothing is written.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from gallery import mails, posts, strikes
from gallery.errors import AlreadyDecided, NotDecidable, NotYours, OwnThing
from gallery.models import Action, Comment, Decision, Level, Report, ReportState, Visibility
from generation import assets
from generation.models import Asset, Moderation

if TYPE_CHECKING:
    from accounts.models import User

# What takes something away, and so can be given back.
TAKING = (Action.LEVEL, Action.WITHDRAW, Action.REFUSE, Action.REMOVE)


@dataclass(frozen=True)
class Ruling:
    """What somebody decided. `seen` is the id of the last decision that they knew of, or 0; `level` only of a picture,
    and "" leaves it as it is. The reason's title and the note go to the person concerned."""

    action: str
    seen: int
    reason: str = ""
    note: str = ""
    level: str = ""
    with_strike: bool = False


@dataclass(frozen=True)
class _State:
    """How a picture stands, before or after."""

    moderation: str
    visibility: str
    level: str
    floor: str


def about_asset(*, code: UUID, actor: "User", ruling: Ruling) -> Decision:
    """Keep, withdraw or refuse a picture, or set its level. Raises NotYours, OwnThing, AlreadyDecided, NotDecidable."""
    with transaction.atomic():
        asset = _locked_asset(code)
        _check(actor, asset.owner_id, ruling, asset=asset)
        action, after = _outcome(asset, ruling)
        decision = _write(asset, actor, action, ruling, level_after=after.level)
        _apply(asset, after)
        _close_reports(decision)
        if ruling.with_strike:
            strikes.give(decision=decision)
        return decision


def about_comment(*, code: UUID, actor: "User", ruling: Ruling) -> Decision:
    """Keep or remove a comment. Raises NotYours, OwnThing, AlreadyDecided, NotDecidable."""
    with transaction.atomic():
        comment = _locked_comment(code)
        _check(actor, comment.author_id, ruling, comment=comment)
        if ruling.action not in (Action.KEEP, Action.REMOVE):
            raise NotDecidable(why="A comment is kept or removed.")
        decision = _write(comment, actor, ruling.action, ruling)
        if ruling.action == Action.REMOVE and comment.removed_at is None:
            Comment.objects.filter(pk=comment.pk).update(removed_at=timezone.now(), removed_by=actor)
        _close_reports(decision)
        if ruling.with_strike:
            strikes.give(decision=decision)
        return decision


def restore(*, decision: Decision, actor: "User", note: str, seen: int | None = None) -> Decision:
    """Give back what a decision took: level, visibility, comment, strike. A thing that was decided again since stays as
    that left it, and only the strike is lifted. Raises OwnThing, AlreadyDecided, NotDecidable."""
    with transaction.atomic():
        thing = _locked_thing(decision)
        last = last_of(thing)
        if decision.action not in TAKING:
            raise NotDecidable(why="Nothing was taken away.")
        ruling = Ruling(Action.RESTORE, seen=last if seen is None else seen, note=note)
        _check(actor, _owner_id(thing), ruling, **_about(thing))
        is_last = last == decision.pk
        after = _before(decision, thing) if is_last and isinstance(thing, Asset) else None
        restored = _write(thing, actor, Action.RESTORE, ruling, level_after=after.level if after else "")
        if after and isinstance(thing, Asset):
            _apply(thing, after)
        elif is_last and isinstance(thing, Comment):
            Comment.objects.filter(pk=thing.pk).update(removed_at=None, removed_by=None)
        strikes.lift(decision=decision)
        return restored


def lock(*, decision: Decision) -> None:
    """Lock the thing that a decision is about, inside the caller's transaction, before anything else of the case."""
    _locked_thing(decision)


def last_of(thing: Asset | Comment) -> int:
    """The id of the last decision about a thing, or 0."""
    about = Decision.objects.filter(**_about(thing)).order_by("-pk")
    return about.values_list("pk", flat=True).first() or 0


# --- The parts -------------------------------------------------------------------------------------------------------


def _about(thing: Asset | Comment) -> dict[str, Asset | Comment]:
    return {"asset": thing} if isinstance(thing, Asset) else {"comment": thing}


def _owner_id(thing: Asset | Comment) -> int:
    """Whom it concerns now: an earlier decision may name the guest that they were."""
    return thing.owner_id if isinstance(thing, Asset) else thing.author_id


def _locked_asset(code: UUID) -> Asset:
    locked = Asset.objects.select_for_update(no_key=True, of=("self",)).select_related("job")
    if (asset := locked.filter(code=code).first()) is None:
        raise NotYours(code=code)
    return asset


def _locked_comment(code: UUID) -> Comment:
    locked = Comment.objects.select_for_update(no_key=True, of=("self",)).select_related("post")
    if (comment := locked.filter(code=code).first()) is None:
        raise NotYours(code=code)
    return comment


def _locked_thing(decision: Decision) -> Asset | Comment:
    if decision.asset is not None:
        return _locked_asset(decision.asset.code)
    assert decision.comment is not None  # a constraint of the table
    return _locked_comment(decision.comment.code)


def _check(actor: "User", owner_id: int, ruling: Ruling, **about: Asset | Comment) -> None:
    if actor.pk == owner_id:
        raise OwnThing
    if last_of(next(iter(about.values()))) != ruling.seen:
        raise AlreadyDecided


def _outcome(asset: Asset, ruling: Ruling) -> tuple[str, _State]:
    """What the decision is called in the books, and how the picture stands after it."""
    level = ruling.level or asset.level
    if ruling.action == Action.REFUSE or level == Level.REFUSED:
        return Action.REFUSE, _State(Moderation.REFUSED, Visibility.PRIVATE, Level.REFUSED, Level.REFUSED)
    floor = asset.level_floor if level == asset.level else level
    if ruling.action == Action.WITHDRAW:
        return Action.WITHDRAW, _State(Moderation.WITHHELD, Visibility.PRIVATE, level, floor)
    if ruling.action != Action.KEEP:
        raise NotDecidable(why="A picture is kept, withdrawn or refused.")
    # Somebody has looked: what waited for that may be shown from here on.
    moderation = Moderation.PASSED if asset.moderation == Moderation.UNKNOWN else asset.moderation
    after = _State(moderation, asset.visibility, level, floor)
    return (Action.KEEP if level == asset.level else Action.LEVEL), after


def _before(decision: Decision, asset: Asset) -> _State:
    """How a picture stood before a decision. A person has looked at it twice since: it has passed."""
    if decision.action == Action.LEVEL:
        return _State(asset.moderation, asset.visibility, decision.level_before, decision.floor_before)
    if decision.level_before == Level.REFUSED:  # refused twice: the level from before the first is not known here
        return _State(Moderation.PASSED, Visibility.PRIVATE, Level.GENERAL, Level.GENERAL)
    return _State(
        Moderation.PASSED, decision.visibility_before, decision.level_before, decision.floor_before or Level.GENERAL
    )


def _write(thing: Asset | Comment, actor: "User", action: str, ruling: Ruling, *, level_after: str = "") -> Decision:
    before = (
        {
            "level_before": thing.level,
            "floor_before": thing.level_floor,
            "visibility_before": thing.visibility,
            "moderation_before": thing.moderation,
            "level_after": level_after or thing.level,
        }
        if isinstance(thing, Asset)
        else {}
    )
    if action not in (Action.KEEP, Action.RESTORE) and not ruling.reason:
        raise NotDecidable(why="Say which rule it breaks.")
    if ruling.with_strike and action == Action.KEEP:
        raise NotDecidable(why="A strike needs something that was wrong.")
    decision = Decision.objects.create(
        **_about(thing),
        **before,
        owner_id=_owner_id(thing),
        actor=actor,
        action=action,
        reason="" if action in (Action.KEEP, Action.RESTORE) else ruling.reason,
        note=ruling.note,
    )
    if action != Action.KEEP:
        mails.tell_soon(decision_id=decision.pk)
    return decision


def _apply(asset: Asset, after: _State) -> None:
    if (asset.moderation, asset.visibility, asset.level, asset.level_floor) == (
        after.moderation,
        after.visibility,
        after.level,
        after.floor,
    ):
        return
    judged = assets.judge(
        asset=asset,
        moderation_state=after.moderation,
        visibility=after.visibility,
        level=after.level,
        floor=after.floor,
    )
    posts.obey(asset=judged)


def _close_reports(decision: Decision) -> None:
    state = ReportState.DISMISSED if decision.action in (Action.KEEP, Action.RESTORE) else ReportState.UPHELD
    about = Report.objects.filter(state=ReportState.OPEN, asset=decision.asset_id, comment=decision.comment_id)
    about.update(state=state, decision=decision)
