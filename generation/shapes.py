"""The closed list of aspect ratios and the size each has at one megapixel. Pure data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """One aspect ratio. Sizes in pixels, exactly in the ratio, about one megapixel."""

    value: str
    width: int
    height: int

    @property
    def megapixels(self) -> float:
        return self.width * self.height / 1_000_000

    def drawn(self, box: float = 32, longest: float = 29) -> tuple[float, float, float, float]:
        """x, y, width, height of the ratio drawn inside a square of `box`; areas roughly alike."""
        ratio = self.width / self.height
        width = min(longest, 25 * ratio**0.5 * 0.868)
        height = width / ratio
        if height > longest:
            width, height = longest * ratio, longest
        return round((box - width) / 2, 2), round((box - height) / 2, 2), round(width, 2), round(height, 2)


SHAPES = {
    shape.value: shape
    for shape in (
        Shape("1:1", 1024, 1024),
        Shape("4:5", 912, 1140),
        Shape("3:4", 888, 1184),
        Shape("2:3", 832, 1248),
        Shape("9:16", 756, 1344),
        Shape("9:21", 672, 1568),
        Shape("5:4", 1140, 912),
        Shape("4:3", 1184, 888),
        Shape("3:2", 1248, 832),
        Shape("16:9", 1344, 756),
        Shape("21:9", 1568, 672),
    )
}
