"""What a viewer is shown of each content level: shown, under a veil, or not at all. Reads only, and no query.

Visitors and guests see the first two levels. Accounts choose; their own pictures are never veiled.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser

from gallery.models import LEVELS_FOR_ALL, LEVELS_FOR_PEOPLE, Level

if TYPE_CHECKING:
    from accounts.models import User

# The values of accounts' `Showing`, which this app may not import.
BLUR, HIDE = "blur", "hide"


@dataclass(frozen=True)
class Sight:
    """What one viewer sees. `listed` are the levels of their walls, those under a veil among them."""

    viewer_id: int | None
    is_member: bool
    listed: tuple[str, ...]
    blurred: frozenset[str]

    def veils(self, level: str, *, owner_id: int) -> bool:
        """Whether a picture stands under a veil: what its viewer wants blurred, or does not want on walls at all."""
        return owner_id != self.viewer_id and (level in self.blurred or (self.is_member and level not in self.listed))

    def withholds(self, level: str, *, owner_id: int) -> bool:
        """Whether a page says what is there without showing it: to those who are not signed in."""
        return not self.is_member and owner_id != self.viewer_id and level not in LEVELS_FOR_ALL


def of(viewer: "User | AnonymousUser | None") -> Sight:
    if viewer is None or not viewer.is_authenticated:
        return Sight(getattr(viewer, "pk", None), False, LEVELS_FOR_ALL, frozenset())
    chosen: dict[str, str] = {
        level: getattr(viewer, f"show_{level}", "") for level in LEVELS_FOR_PEOPLE if level != Level.GENERAL
    }
    return Sight(
        viewer_id=viewer.pk,
        is_member=True,
        listed=tuple(level for level in LEVELS_FOR_PEOPLE if chosen.get(level) != HIDE),
        blurred=frozenset(level for level, wish in chosen.items() if wish == BLUR),
    )
