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
    """Only what moderation passed may leave private. data: moderation."""


class NoModel(GalleryError):
    """A picture was asked for as a 3D model."""


class BrokenCursor(GalleryError):
    """The cursor of a page was altered or cut off. data: after."""


class BadFilter(GalleryError):
    """A filter or sort that is none. data: field, and a sentence that says what is wrong with it."""


class TooFast(GalleryError):
    """More of these acts than a person can mean. data: retry_after_seconds."""
