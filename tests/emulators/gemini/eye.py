"""Looks at a picture with Pillow: its main colours by name, how light it is, its shape."""

from dataclasses import dataclass

from PIL import Image

NAMED = {
    "black": (15, 15, 18),
    "white": (246, 246, 246),
    "grey": (128, 128, 130),
    "silver": (190, 194, 200),
    "brown": (110, 70, 40),
    "beige": (220, 200, 165),
    "cream": (250, 240, 210),
    "red": (205, 35, 35),
    "pink": (240, 150, 180),
    "orange": (240, 130, 30),
    "yellow": (245, 220, 50),
    "gold": (205, 165, 50),
    "green": (50, 150, 60),
    "olive": (110, 115, 40),
    "teal": (20, 125, 125),
    "turquoise": (70, 205, 200),
    "blue": (45, 95, 210),
    "navy": (20, 30, 85),
    "purple": (125, 50, 160),
    "lavender": (190, 170, 230),
}


@dataclass(frozen=True)
class Glance:
    """Colours by share, the largest first; brightness in 0..1; the shape in a word."""

    colours: tuple[str, ...]
    brightness: float
    shape: str


def glance(picture: Image.Image) -> Glance:
    small = picture.resize((48, 48))
    brightness = sum(small.convert("L").tobytes()) / (48 * 48 * 255)
    return Glance(_colours(small), brightness, _shape(picture.width / picture.height))


def _colours(small: Image.Image) -> tuple[str, ...]:
    """The nearest names of a palette of eight, those that cover at least a twentieth."""
    reduced = small.quantize(8)
    palette = reduced.getpalette() or []
    shares: dict[str, int] = {}
    for count, index in sorted(reduced.getcolors() or [], reverse=True):
        name = _nearest(tuple(palette[3 * int(index) : 3 * int(index) + 3]))  # type: ignore[call-overload]
        shares[name] = shares.get(name, 0) + count
    ranked = sorted(shares, key=lambda name: -shares[name])
    return tuple(name for name in ranked if shares[name] >= 48 * 48 / 20)


def _nearest(colour: tuple[int, ...]) -> str:
    return min(NAMED, key=lambda name: sum((a - b) ** 2 for a, b in zip(NAMED[name], colour, strict=True)))


def _shape(ratio: float) -> str:
    if ratio > 1.15:
        return "wide"
    return "tall" if ratio < 0.87 else "square"
