"""Picture files taken apart for tests, by Pillow and by XML's own reader: never by the code that wrote them."""

import io
from xml.etree import ElementTree

from PIL import Image

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"


def picture(data: bytes) -> Image.Image:
    """Decoded whole."""
    opened = Image.open(io.BytesIO(data))
    opened.load()
    return opened


def packet(data: bytes) -> str:
    """The XMP of a PNG, JPEG, WebP or AVIF."""
    raw = picture(data).info["xmp"]
    return raw.decode() if isinstance(raw, bytes) else str(raw)


def attributes(data: bytes) -> dict[str, str]:
    """What its XMP says, by the names without their namespaces; of a list or a choice of languages the first."""
    (description,) = ElementTree.fromstring(packet(data)).iter(f"{RDF}Description")
    return {
        element.tag.rpartition("}")[2]: next((item.text for item in element.iter(f"{RDF}li")), element.text) or ""
        for element in description
    }
