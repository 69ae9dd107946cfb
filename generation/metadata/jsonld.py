"""The same marks for a 3D model: XMP as JSON-LD, which glTF takes by its extension KHR_xmp_json_ld."""

from datetime import UTC
from typing import Any

from generation.metadata import own
from generation.metadata.marks import PROGRAM, Marks

EXTENSION = "KHR_xmp_json_ld"
_NAMES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "atelier": "urn:atelier:settings:1",
}


def packet(marks: Marks) -> dict[str, Any]:
    made: dict[str, Any] = {
        "@context": _NAMES,
        "@id": "",
        "Iptc4xmpExt:DigitalSourceType": str(marks.source),
        "xmp:CreatorTool": PROGRAM,
        "xmp:CreateDate": f"{marks.made_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
    if marks.title:
        made["dc:title"] = _in_language(marks.title)
    if marks.artist:
        made["dc:creator"] = {"@list": [marks.artist]}
    if settings := marks.settings:
        made["dc:description"] = _in_language(settings.prompt)
        made["Iptc4xmpExt:AISystemUsed"] = settings.model_name
        made["Iptc4xmpExt:AIPromptInformation"] = settings.prompt
        made["atelier:settings"] = own.write(settings)
    return made


def _in_language(value: str) -> dict[str, Any]:
    return {"@type": "rdf:Alt", "rdf:_1": {"@language": "x-default", "@value": value}}
