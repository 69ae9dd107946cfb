"""What an account says about itself: name, handle, bio; and what it wants to be shown."""

from django.db import IntegrityError, transaction

from accounts import errors, handles
from accounts.models import NAME_MAX, User
from credits.triggers import broken_rule
from gallery import wording
from gallery.errors import NotPassed
from generation.fields import visible_line


def change(*, user_id: int, display_name: str, handle: str, bio: str) -> None:
    """Write all three or none. Raises HandleTaken, and NotPassed for words that the rules refuse: others read them.

    The old address of the page is free for others at once.
    """
    wording.check(display_name=display_name, handle=handle.replace("_", " "), bio=bio)
    if handle in handles.RESERVED:
        raise errors.HandleTaken(handle)
    try:
        with transaction.atomic():
            User.objects.filter(pk=user_id).update(display_name=display_name, handle=handle, bio=bio)
    except IntegrityError as error:
        if broken_rule(error) != "user_handle_once":
            raise
        raise errors.HandleTaken(handle) from error


def name_from(told: str) -> str:
    """A name as another service knows it, as ours are kept; none where it breaks a rule."""
    name = visible_line(told)[:NAME_MAX].strip()
    try:
        wording.check(display_name=name)
    except NotPassed:
        return ""
    return name


def choose_content(
    *, user_id: int, show_suggestive: str, show_nudity: str, show_explicit: str, writes_metadata: bool
) -> None:
    """What the gallery does with pictures of each level for this person, and what downloaded files carry."""
    User.objects.filter(pk=user_id).update(
        show_suggestive=show_suggestive,
        show_nudity=show_nudity,
        show_explicit=show_explicit,
        writes_metadata=writes_metadata,
    )
