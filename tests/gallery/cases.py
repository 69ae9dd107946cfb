"""A case for tests: somebody's public picture, a comment under it, and two members of staff who may decide."""

from typing import Any

from django.contrib.auth.models import Permission

from accounts.models import User
from gallery import decisions
from gallery.decisions import Ruling
from gallery.models import Action, Comment, Decision, Reason
from generation.models import Asset


def moderator(name: str) -> User:
    """Staff with the one permission that moderation takes."""
    user = User.objects.create_user(f"{name}@example.org", "correct horse", handle=name, is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="add_decision"))
    return user


def fresh(asset: Asset) -> Asset:
    return Asset.objects.select_related("owner").get(pk=asset.pk)


def standing(asset: Asset) -> tuple[str, str, str, str]:
    """Visibility, moderation, level and floor."""
    now = fresh(asset)
    return now.visibility, now.moderation, now.level, now.level_floor


def say(author: User, asset: Asset, text: str = "Lovely light") -> Comment:
    return Comment.objects.create(post=asset.post, author=author, text=text)


def decide(actor: User, thing: Asset | Comment, action: str = Action.WITHDRAW, **more: Any) -> Decision:
    """With the last decision seen, and a reason where one is needed."""
    reason = "" if action in (Action.KEEP, Action.RESTORE) and not more.get("level") else Reason.PERSON
    told = {"seen": decisions.last_of(thing), "reason": reason, **more}
    ruling = Ruling(action, **told)
    act = decisions.about_asset if isinstance(thing, Asset) else decisions.about_comment
    return act(code=thing.code, actor=actor, ruling=ruling)
