"""People as the gallery knows them: by handle, and by what they may be shown. Reads only."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef

from gallery import levels
from gallery.errors import NotYours
from gallery.models import Follow

if TYPE_CHECKING:
    from accounts.models import User


def find(*, handle: str, viewer_id: int | None = None) -> "User":
    """An artist by handle, in any case. Guests have none, and closed accounts have no page. Raises NotYours.

    With `is_followed`: whether that viewer follows them.
    """
    people = get_user_model()._default_manager.filter(handle=handle.lower(), is_active=True).select_related("artist")
    people = people.annotate(is_followed=Exists(Follow.objects.filter(follower=viewer_id, artist=OuterRef("pk"))))
    if (person := people.first()) is None:
        raise NotYours(handle=handle)
    return person


def ids(handles: Sequence[str]) -> list[int]:
    """Whom handles name; unknown ones and closed accounts name nobody."""
    if not handles:
        return []
    people = get_user_model()._default_manager.filter(handle__in=handles, is_active=True)
    return list(people.order_by("pk").values_list("pk", flat=True))


def levels_for(viewer: "User | AnonymousUser") -> tuple[str, ...]:
    """The content levels that feeds show to a viewer, those under a veil among them."""
    return levels.of(viewer).listed
