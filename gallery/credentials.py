"""C2PA content credentials: what a download says of its origin, signed. The only importer of c2pa.

On where a certificate and its key are configured. All of it is arithmetic on this machine: no timestamp is fetched, for
that would be a call over the network within a request.
"""

import io
import logging
from datetime import UTC, datetime
from typing import Any, BinaryIO

from django.conf import settings
from django.core.checks import CheckMessage, Error
from PIL import Image

from generation.metadata import Marks, Source

log = logging.getLogger(__name__)

# A picture of itself in its own metadata would double a file.
_HOW = {"builder": {"thumbnail": {"enabled": False}}}


def are_on() -> bool:
    return bool(settings.C2PA_CERTIFICATE)


def sign(source: BinaryIO, target: BinaryIO, *, name: str, content_type: str, marks: Marks) -> bool:
    """Copy a picture with its credentials; False where that did not work, and then `target` is worth nothing.

    An expired certificate is no reason to keep somebody's picture back: staff read of it in the log.
    """
    import c2pa  # noqa: PLC0415  (a native library that only a site with a certificate loads)

    source.seek(0)
    try:
        _sign(source, target, name=name, content_type=content_type, marks=marks)
    except c2pa.C2paError:
        log.exception("no content credentials for %s", name)
        return False
    return True


def _sign(source: BinaryIO, target: BinaryIO, *, name: str, content_type: str, marks: Marks) -> None:
    import c2pa  # noqa: PLC0415  (as above)

    told = c2pa.C2paSignerInfo(
        alg=settings.C2PA_ALGORITHM.encode(),
        sign_cert=settings.C2PA_CERTIFICATE.encode(),
        private_key=settings.C2PA_PRIVATE_KEY.encode(),
        ta_url=None,
    )
    context = c2pa.Context(c2pa.Settings.from_dict(_HOW))
    with c2pa.Signer.from_info(told) as signer, c2pa.Builder(manifest(name, marks), context) as builder:
        builder.sign(signer, content_type, source, target)


def manifest(name: str, marks: Marks) -> dict[str, Any]:
    """Who made it, how and when. The model is named where settings may be known; the words are in the XMP alone."""
    made: dict[str, Any] = {
        "action": "c2pa.created",
        "digitalSourceType": str(marks.source),
        "when": f"{marks.made_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "softwareAgent": {"name": (marks.settings and marks.settings.model_name) or "Atelier"},
    }
    return {
        "title": name,
        "claim_generator_info": [{"name": "Atelier", "version": settings.VERSION}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [made]}}],
    }


def certificate_signs(**_: Any) -> list[CheckMessage]:
    """A system check: a certificate that does not fit its key, or that C2PA does not allow, shows at once."""
    if not are_on():
        return []
    import c2pa  # noqa: PLC0415  (as above)

    picture = io.BytesIO()
    Image.new("RGB", (16, 16)).save(picture, "PNG")
    picture.seek(0)
    try:
        _sign(
            picture,
            io.BytesIO(),
            name="check.png",
            content_type="image/png",
            marks=Marks(source=Source.ALGORITHM, made_at=datetime.now(UTC)),
        )
    except c2pa.C2paError as error:
        return [Error(f"C2PA_CERTIFICATE and C2PA_PRIVATE_KEY do not sign: {error}", id="atelier.E007")]
    return []
