"""How wide a picture will be on a wall, so that a browser takes the right width before it knows the layout."""

from django import template

from generation.shapes import SHAPES

register = template.Library()

# A row of `.wall` is clamp(9.5rem, 18cqi, 18rem) high, one of `.wall--s` clamp(6.5rem, 13cqi, 10rem); filling a row
# makes its pictures somewhat larger than that.
GROWN = 1.2
ROWS = {"": (9.5, 18, 18), "s": (6.5, 13, 10)}


def _sizes(ratio: float, size: str) -> str:
    low, middle, high = (f"{part * ratio * GROWN:.4g}" for part in ROWS[size])
    return f"min(100vw, clamp({low}rem, {middle}vw, {high}rem))"


_SIZES = {(shape.value, size): _sizes(shape.width / shape.height, size) for shape in SHAPES.values() for size in ROWS}


@register.filter
def wall_sizes(aspect_ratio: str, size: str = "") -> str:
    """The `sizes` of a picture of this ratio on a wall: "" for the large one, "s" for the small one."""
    return _SIZES.get((aspect_ratio, size), "100vw")


@register.filter
def is_first_row(position: int) -> bool:
    """Whether the tile at this place (from 1) is surely in view at first: then it is fetched at once."""
    return position <= 4
