"""Draws what the emulated picture models answer: a real PNG in the asked ratio, by the words alone."""

import io
from hashlib import blake2b

from PIL import Image, ImageDraw, ImageOps

# Pixels at 1K, as the real models have them.
SIZES = {
    "1:1": (1024, 1024),
    "2:3": (832, 1248),
    "3:2": (1248, 832),
    "3:4": (864, 1184),
    "4:3": (1184, 864),
    "4:5": (896, 1152),
    "5:4": (1152, 896),
    "9:16": (768, 1344),
    "16:9": (1344, 768),
    "21:9": (1536, 672),
}
SCALES = {"1K": 1, "2K": 2, "4K": 4}


def paint(*, words: str, ratio: str, size: str, number: int) -> bytes:
    """A sky, a sun and three hills. `number` is which answer this is: no two are alike, as with the real one."""
    dice = blake2b(f"{words}|{number}".encode(errors="replace"), digest_size=32).digest()
    picture = _sky(dice, pixels(ratio, size))
    draw = ImageDraw.Draw(picture)
    width, height = picture.size
    centre, radius = width * (40 + dice[6] % 160) // 240, height // 9
    draw.circle((centre, height * (60 + dice[7] % 60) // 240), radius, fill=(255, 214 + dice[8] % 40, 150))
    for hill in range(3):
        _hill(draw, dice[9 + 4 * hill :], picture.size, hill)
    draw.text((width // 32, height - height // 14), words[:70], fill="white", font_size=max(14, height // 40))
    return png(picture)


def edit(picture: Image.Image, *, words: str, ratio: str | None, size: str) -> bytes:
    """The picture that was sent, tinted by the words."""
    dice = blake2b(words.encode(errors="replace"), digest_size=3).digest()
    fitted = ImageOps.fit(picture, pixels(ratio or "1:1", size))
    return png(Image.blend(fitted, Image.new("RGB", fitted.size, (dice[0], dice[1], dice[2])), 0.35))


def pixels(ratio: str, size: str) -> tuple[int, int]:
    width, height = SIZES[ratio]
    return width * SCALES[size], height * SCALES[size]


def png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _sky(dice: bytes, size: tuple[int, int]) -> Image.Image:
    """From one colour down to another."""
    ramp = Image.linear_gradient("L").resize(size)
    return ImageOps.colorize(ramp, (dice[0], dice[1] // 2, 90 + dice[2] // 2), (120 + dice[3] // 2, dice[4], dice[5]))


def _hill(draw: ImageDraw.ImageDraw, dice: bytes, size: tuple[int, int], number: int) -> None:
    width, height = size
    top = height * (52 + 14 * number) // 100
    shift = width * (dice[0] - 128) // 256
    shade = (dice[1] // (2 + number), dice[2] // (2 + number), dice[3] // (2 + number))
    draw.ellipse((shift - width // 2, top, shift + 3 * width // 2, top + 2 * height), fill=shade)
