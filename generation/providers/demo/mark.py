"""What says that a picture is a demo: the small word in its corner, and the metadata inside the file."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

WORD = "demo"
SOFTWARE = "Atelier demo provider"
COMMENT = "Procedural picture, drawn by a program from the words of the prompt. No AI was used."
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"
"""IPTC's term for media made purely by an algorithm, not from sampled training data."""
TEXT_SHARE = 0.024
"""Height of the letters beside the picture's shorter side."""
MIN_TEXT_PX = 9
MARGIN_LETTERS = 0.75
OPACITY = 0.74
BRIGHT_GROUND = 150
"""Above this mean luminance (0..255) the mark is dark on light."""

_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    Iptc4xmpExt:DigitalSourceType="{source}"
    xmp:CreatorTool="{software}"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""


def stamp(image: Image.Image) -> None:
    """Write the word into the lower right corner, in place: dark on light ground, light on dark, with a faint halo."""
    size = max(min(image.size) * TEXT_SHARE, MIN_TEXT_PX)
    font = ImageFont.load_default(size=size)
    _, _, right, bottom = font.getbbox(WORD)
    margin = size * MARGIN_LETTERS
    x, y = int(image.width - margin - right), int(image.height - margin - bottom)
    area = (max(x - 2, 0), max(y - 2, 0), image.width, image.height)
    bright = float(np.asarray(image.crop(area).convert("L")).mean()) > BRIGHT_GROUND
    ink, halo = ((18, 18, 22), (255, 255, 255)) if bright else ((255, 255, 255), (0, 0, 0))
    mask = Image.new("L", image.size, 0)
    ImageDraw.Draw(mask).text((x, y), WORD, font=font, fill=round(255 * OPACITY))
    around = Image.new("L", image.size, 0)
    shift = max(round(size / 16), 1)
    ImageDraw.Draw(around).text((x, y + shift), WORD, font=font, fill=round(110 * OPACITY))
    image.paste(halo, (0, 0), around)
    image.paste(ink, (0, 0), mask)


def metadata(*, seed: int) -> PngImagePlugin.PngInfo:
    """Text chunks that name the program and say that no AI was used. The prompt is not among them."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Software", SOFTWARE)
    info.add_text("Comment", COMMENT)
    info.add_text("Description", COMMENT)
    info.add_text("seed", str(seed))
    info.add_itxt("XML:com.adobe.xmp", _XMP.format(source=SOURCE_TYPE, software=SOFTWARE))
    return info
