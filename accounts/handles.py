"""Handles: how a name becomes one, and which are kept back. Writes nothing."""

import re
import secrets
import unicodedata
from collections.abc import Iterator

from accounts.models import HANDLE_MAX, User

# Names that would speak for the site.
RESERVED = frozenset(
    {
        "admin",
        "administrator",
        "atelier",
        "guest",
        "help",
        "moderator",
        "root",
        "security",
        "staff",
        "support",
        "system",
    }
)
NUMBERED = 9
LONGEST_STEM = HANDLE_MAX - 7


def stem(name: str) -> str:
    """`Mara Lindqvist` -> mara_lindqvist, `mara+shop@example.org` -> mara_shop; always a well-formed handle."""
    plain = unicodedata.normalize("NFKD", name.partition("@")[0]).encode("ascii", "ignore").decode().lower()
    word = re.sub(r"[^a-z0-9]+", "_", plain)[:LONGEST_STEM].strip("_")
    if not word:
        return "artist"
    return word if len(word) >= 3 else f"{word}_art"


def candidates(name: str) -> Iterator[str]:
    """Handles to try, the best first: mara, mara_2 ... mara_9, then mara with a random number. Never ends.

    Another sign-up may take the first free one in the meantime; whoever inserts goes on with the next.
    """
    word = stem(name)
    row = [word, *(f"{word}_{number}" for number in range(2, NUMBERED + 1))]
    taken = RESERVED.union(User.objects.filter(handle__in=row).values_list("handle", flat=True))
    yield from (handle for handle in row if handle not in taken)
    while True:
        yield f"{word}_{secrets.randbelow(900_000) + 100_000}"
