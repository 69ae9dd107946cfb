"""The settings that a stranger's file carries, if it does: ours in any of three places, or the text of other programs.

All of it is a claim. It fills a form, which checks it as if it had been typed; nothing else may be built on it.
"""

import io
from collections.abc import Iterator
from contextlib import suppress

from generation.metadata import a1111, exif, jpeg, own, png, webp, xmp
from generation.metadata.blocks import Told
from generation.metadata.errors import Broken
from generation.metadata.marks import Settings

_READERS = ((png.MAGIC, png.read), (jpeg.BEGIN, jpeg.read), (b"RIFF", webp.read))


def find(data: bytes) -> Settings | None:
    """What the file says of how it was made, the most exact place first; None where it says nothing. Never raises."""
    return next(filter(None, _places(_told(data))), None)


def _told(data: bytes) -> Told:
    told = Told()
    for magic, reader in _READERS:
        if data.startswith(magic):
            with suppress(Broken):
                reader(io.BytesIO(data), told)
    return told


def _places(told: Told) -> Iterator[Settings]:
    yield own.read(told.own)
    yield xmp.read(told.xmp)
    yield a1111.read(told.parameters)
    yield exif.read(told.exif)
    yield a1111.read(told.remark, needs_line=True)
