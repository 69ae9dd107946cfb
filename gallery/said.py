"""What is said after an act on one's own pictures. Words only."""

from django.conf import settings

from gallery.bulk import Action, Done
from gallery.errors import (
    ArchiveTooLarge,
    Full,
    GalleryError,
    GoneCollection,
    NothingChosen,
    TooManyArchives,
    TooManyChosen,
)

NOTHING_TO_UNDO = "There was nothing left to bring back."
ARCHIVE_WAIT_SECONDS = 30
GIB = 2**30

_DID = {
    Action.PUBLISH: "published. Anyone can see {them}.",
    Action.UNLIST: "unlisted. Anyone with the link can see {them}.",
    Action.WITHDRAW: "private again.",
    Action.DELETE: "moved to the trash.",
    Action.RESTORE: "restored, as visible as before.",
    Action.PURGE: "deleted for good.",
}
_COULD_NOT = {
    Action.PUBLISH: "did not pass the content check or {are} not there any more",
    Action.UNLIST: "did not pass the content check or {are} not there any more",
}


def pictures(number: int) -> str:
    return "1 picture" if number == 1 else f"{number:,} pictures"


def done(what: Done) -> str:
    """What an act came to: how many it did, how many it could not, whether there is more."""
    them = "it" if what.done == 1 else "them"
    said = _saved(what) if what.collection else f"{pictures(what.done)} {_DID[what.action].format(them=them)}"
    if what.refused:
        are = "is" if what.refused == 1 else "are"
        said += f" {what.refused:,} {_COULD_NOT.get(what.action, '{are} not there any more').format(are=are)}."
    if what.left:
        said += f" One press takes {settings.LIBRARY_BULK_MAX:,}: press again for the rest."
    return said


def _saved(what: Done) -> str:
    name = f"“{what.collection}”"
    were = "was" if what.there == 1 else "were"
    if not what.done:
        return f"{pictures(what.there)} {were} in {name} already."
    there = f" {what.there:,} {were} there already." if what.there else ""
    return f"{pictures(what.done)} saved to {name}.{there}"


def no_room(full: Full) -> str:
    if full.data["name"]:
        return f"“{full.data['name']}” is full: a collection holds {full.data['most']:,} pictures."
    return f"You have {full.data['most']} collections, and there is no room for more. Delete one first."


def restored(number: int) -> str:
    return done(Done(Action.RESTORE, number))


def left_out(number: int) -> str:
    return f"{pictures(number)} {'is' if number == 1 else 'are'} not there any more and will not be in the archive."


def refusal(error: GalleryError) -> str:
    """Why nothing was done, and what helps."""
    if isinstance(error, NothingChosen):
        return "No picture is chosen. Tick some, or all that match."
    if isinstance(error, TooManyChosen):
        return f"One press takes {error.data['most']:,} pictures. Choose fewer, or narrow the filter."
    if isinstance(error, GoneCollection):
        return "There is no such collection any more. Nothing was saved."
    if isinstance(error, Full):
        return f"{no_room(error)} These do not all fit, so nothing was saved."
    if isinstance(error, TooManyArchives):
        return f"{error.data['most']} of your archives are still being packed. Ask again when one is ready."
    if isinstance(error, ArchiveTooLarge) and "most" in error.data:
        return f"An archive holds at most {error.data['most']:,} pictures. Narrow the filter, by dates for example."
    return f"An archive holds at most {int(str(error.data['most_bytes'])) // GIB} GB. Choose fewer pictures."
