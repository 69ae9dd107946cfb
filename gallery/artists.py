"""People as the gallery knows them: by handle, and by what they may be shown. Reads only."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser

from gallery.errors import NotYours
from gallery.models import LEVELS_FOR_ALL, LEVELS_FOR_PEOPLE

if TYPE_CHECKING:
    from accounts.models import User


def find(*, handle: str) -> "User":
    """An artist by handle, in any case. Guests have none, and closed accounts have no page. Raises NotYours."""
    people = get_user_model()._default_manager.filter(handle=handle.lower(), is_active=True).select_related("artist")
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
    """The content levels that feeds show to a viewer: guests and visitors see the first two."""
    return LEVELS_FOR_PEOPLE if viewer.is_authenticated else LEVELS_FOR_ALL
