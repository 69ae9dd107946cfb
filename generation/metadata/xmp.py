"""An XMP packet: the IPTC's digital source type always, the rest where it may be known. The names are those of the IPTC
Photo Metadata Standard 2025.1, Dublin Core, XMP and Photoshop.

Read by expat without building a tree; a packet that declares entities is none.
"""

from collections.abc import Iterator
from datetime import UTC
from xml.parsers import expat
from xml.sax.saxutils import escape

from generation.metadata import own
from generation.metadata.marks import PROGRAM, Marks, Settings, Source

NAMESPACE = "urn:atelier:settings:1"
PACKET_MAX = 256 * 1024
TOLD_MAX = own.JSON_MAX
_SETTINGS = f"{NAMESPACE} settings"


# --- Write -----------------------------------------------------------------------------------------------------------


def write(marks: Marks) -> bytes:
    return _PACKET.format(told="".join(f"\n   {line}" for line in _lines(marks))).encode()


def mark(source: Source) -> bytes:
    """The shortest packet: the source and nothing else, for what pages show."""
    return _MARK.format(told=_source(source)).encode()


def _source(source: Source) -> str:
    return _element("Iptc4xmpExt:DigitalSourceType", source)


def _lines(marks: Marks) -> Iterator[str]:
    when = f"{marks.made_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    yield _source(marks.source)
    yield _element("xmp:CreatorTool", PROGRAM)
    yield _element("xmp:CreateDate", when)
    yield _element("photoshop:DateCreated", when)
    yield _element("photoshop:Credit", PROGRAM)
    if marks.title:
        yield _in_language("dc:title", marks.title)
    if marks.artist:
        yield f"<dc:creator><rdf:Seq><rdf:li>{_plain(marks.artist)}</rdf:li></rdf:Seq></dc:creator>"
    if settings := marks.settings:
        yield _in_language("dc:description", settings.prompt)
        yield _element("Iptc4xmpExt:AISystemUsed", settings.model_name)
        yield _element("Iptc4xmpExt:AIPromptInformation", _prompts(settings))
        yield _element("atelier:settings", own.write(settings))


def _prompts(settings: Settings) -> str:
    """Both, as the standard has it: what was to be in the picture, and what was not."""
    return settings.prompt + (f"\nExcludes: {settings.negative_prompt}" if settings.negative_prompt else "")


def _element(name: str, value: str) -> str:
    return f"<{name}>{_plain(value)}</{name}>"


def _in_language(name: str, value: str) -> str:
    return f'<{name}><rdf:Alt><rdf:li xml:lang="x-default">{_plain(value)}</rdf:li></rdf:Alt></{name}>'


def _plain(value: str) -> str:
    """As XML writes it; what it has no way to write was taken out before."""
    return escape(value)


_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmlns:atelier="urn:atelier:settings:1">{told}
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""

_MARK = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
    "{told}</rdf:Description></rdf:RDF></x:xmpmeta>"
)


# --- Read ------------------------------------------------------------------------------------------------------------


class _Declares(Exception):
    """It declares a document type, which no packet needs and which is how a small text becomes a huge one."""


def read(packet: bytes) -> Settings:
    """Our own settings inside a packet, as an element or, as some programs rewrite it, as an attribute."""
    found: list[str] = []
    inside = size = 0

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal inside
        inside += name == _SETTINGS
        if told := attributes.get(_SETTINGS):
            found.append(told[:TOLD_MAX])

    def end(name: str) -> None:
        nonlocal inside
        inside -= name == _SETTINGS

    def letters(told: str) -> None:
        nonlocal size
        if inside and size < TOLD_MAX:
            size += len(told)
            found.append(told)

    def refuse(*_: object) -> None:
        raise _Declares

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler = letters
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(packet[:PACKET_MAX].strip(b"\x00 \t\r\n"), True)
    except (expat.ExpatError, _Declares, ValueError, UnicodeError):
        return Settings()
    return own.read("".join(found))
