"""What can go wrong in the gallery. Doors turn these into 302, 400, 404 or 422."""


class GalleryError(Exception):
    """Base of every refusal; `data` is what a page may say about it."""

    def __init__(self, **data: object) -> None:
        super().__init__(str(data) if data else type(self).__name__)
        self.data = data


class NotYours(GalleryError):
    """The asset is another's, deleted, or was never there: nobody learns which. data: code."""


class NeedsAccount(GalleryError):
    """Guests keep and download what they make; to show it they need an account."""


class NotPassed(GalleryError):
    """Only what moderation passed may leave private. data: moderation; rule, phrase and field (title, prompt or alt)
    where the words were refused."""


class NoModel(GalleryError):
    """A picture was asked for as a 3D model."""


class BrokenCursor(GalleryError):
    """The cursor of a page was altered or cut off. data: after."""


class BadFilter(GalleryError):
    """A filter or sort says something that is not offered. data: field, and a sentence that says what is wrong."""


class TooFast(GalleryError):
    """More of these acts than a person can mean. data: retry_after_seconds."""


class OwnRating(GalleryError):
    """Others rate a picture, its owner does not."""


class NotYourself(GalleryError):
    """Nobody follows themselves."""


class TooManyFollowed(GalleryError):
    """Whoever follows this many reads none of them. data: most."""


class Barred(GalleryError):
    """Three live strikes: nothing is shown or said to others meanwhile. data: until (a datetime)."""


class OwnThing(GalleryError):
    """Nobody reports what is their own, or decides about it."""


class AlreadyDecided(GalleryError):
    """Somebody else decided while this form was open: it would be about what no longer is."""


class NotDecidable(GalleryError):
    """The act does not fit the thing: a level for a comment, a restoring of what was not taken away. data: why."""


class NotAppealable(GalleryError):
    """Nothing was taken away, or an appeal stands already."""


class AnotherMustAnswer(GalleryError):
    """An appeal is answered by somebody else than who decided, as long as there is somebody else."""


class NothingChosen(GalleryError):
    """A bulk act was sent without a picture."""


class TooManyChosen(GalleryError):
    """More pictures than one act takes. data: most."""


class TooManyArchives(GalleryError):
    """Enough of this person's archives are waiting already. data: most."""


class ArchiveTooLarge(GalleryError):
    """The chosen pictures are more, or larger, than one archive holds. data: most or most_bytes."""


class Full(GalleryError):
    """There is no room for more. data: name (of the collection; "" for one's list of them), most."""


class GoneCollection(GalleryError):
    """A collection that was named is not one's own any more."""
