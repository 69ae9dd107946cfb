"""Pictures as people upload them, for tests: small, each of its own colour."""

import io
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from accounts.models import User
from generation import references
from generation.models import Reference
from generation.visitors import Visitor


def jpeg(*, color: tuple[int, int, int] = (30, 90, 120), size: tuple[int, int] = (90, 60), **how: Any) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, color).save(buffer, "JPEG", **how)
    return buffer.getvalue()


def file(data: bytes | None = None, *, name: str = "river-mouth.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, jpeg() if data is None else data, content_type="image/jpeg")


def kept(owner: User, **how: Any) -> Reference:
    """A reference picture of somebody, as their upload leaves it."""
    return references.keep(
        owner=owner,
        visitor=Visitor(key="nobody", become=lambda _: owner),
        name="river-mouth.jpg",
        file=io.BytesIO(jpeg(**how)),
        address="198.51.100.7",
    )
