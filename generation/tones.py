"""The colour of a picture in one word: its dominant colour, and the nearest of the stylesheet's eight grounds."""

from PIL import Image

# The same names and colours as [data-tone] in static/css/base.css.
TONES = {
    "night": "#1b2540",
    "sea": "#2b6f7c",
    "leaf": "#2c5a44",
    "sand": "#cfa878",
    "ember": "#b9583a",
    "rose": "#a04459",
    "plum": "#51365f",
    "bone": "#d9d4c8",
}
COLORS = 6
SAMPLE_PX = 64


def of(picture: Image.Image) -> tuple[str, str]:
    """(dominant colour as #rrggbb, tone)."""
    small = picture.convert("RGB")
    small.thumbnail((SAMPLE_PX, SAMPLE_PX))
    few = small.quantize(COLORS)
    index = max(range(COLORS), key=few.histogram().__getitem__)
    color = "#" + bytes((few.getpalette() or [0, 0, 0])[3 * index : 3 * index + 3]).hex()
    return color, min(TONES, key=lambda name: _distance(color, TONES[name]))


def _distance(one: str, other: str) -> float:
    """Squared distance in OKLab (Björn Ottosson, 2020): near means alike to the eye."""
    return sum((a - b) ** 2 for a, b in zip(_oklab(one), _oklab(other), strict=True))


def _oklab(color: str) -> tuple[float, float, float]:
    r, g, b = (_linear(int(color[i : i + 2], 16) / 255) for i in (1, 3, 5))
    l_ = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    m_ = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    s_ = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * l_ + 0.7936177850 * m_ - 0.0040720468 * s_,
        1.9779984951 * l_ - 2.4285922050 * m_ + 0.4505937099 * s_,
        0.0259040371 * l_ + 0.7827717662 * m_ - 0.8086757660 * s_,
    )


def _linear(c: float) -> float:
    return c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
