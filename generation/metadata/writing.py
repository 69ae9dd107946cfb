"""One way in for the three containers: the same pixels, other words."""

from typing import BinaryIO

from generation.metadata import jpeg, png, webp
from generation.metadata.errors import Broken
from generation.metadata.marks import Marks

_WRITERS = {"image/png": png.write, "image/jpeg": jpeg.write, "image/webp": webp.write}
TYPES = frozenset(_WRITERS)


def write(source: BinaryIO, target: BinaryIO, *, content_type: str, marks: Marks) -> None:
    """Copy a picture from its start, with these marks in place of whatever words were inside; memory stays small.

    `source` can be sought in; what `target` holds after Broken is worth nothing. Raises Broken.
    """
    writer = _WRITERS.get(content_type)
    if writer is None:
        raise Broken(f"no marks for {content_type}")
    writer(source, target, marks)
