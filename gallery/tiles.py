"""The tiles of a wall: what each shows of a post, and their HTML, quickly. Runs no query, keeps nothing of any post.

Django's engine takes 0.17 ms for a tile, which made forty of them the largest part of a page. They are therefore
stencils: see config/stencils.py.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator

from config import stencils
from config.stencils import SHAPES_MAX, Shape
from gallery.levels import Sight
from gallery.models import Level, Post
from gallery.templatetags.walls import is_first_row, wall_sizes
from generation.models import OutputKind

# A tile in its place, and the tile alone, for walls that add something of their own to the place.
PLACE, WORK = "components/tile.html", "components/work.html"
WORDS_MAX = 140
_LEVELS = {level.value: level.label.lower() for level in Level}


class Tile(NamedTuple):
    """What a tile shows, each value as text; "" is a part that it lacks.

    The template may ask whether a value is there and write it down, nothing else. What shows something else for one
    viewer than for another is a value like the others.
    """

    aspect_ratio: str
    tone: str
    url: str
    avif: str
    webp: str
    src: str
    sizes: str
    width: str
    height: str
    alt: str
    placeholder: str
    is_eager: str
    words: str
    artist_url: str
    artist_name: str
    artist_letter: str
    artist_tone: str
    remix_url: str
    kind: str
    veil: str
    code: str
    member: str
    like_number: str
    like_shown: str
    like_words: str
    like_on: str
    like_pressed: str

    @property
    def sources(self) -> list[tuple[str, str]]:
        """(type, srcset) for each format, best first, as picture.html reads them."""
        return [("image/avif", self.avif), ("image/webp", self.webp)]


def of(post: Post, *, sight: Sight, is_eager: bool = False, size: str = "") -> Tile:
    """What a post's tile shows to one viewer. `is_eager` where it is surely in view at first, `size` the wall's."""
    (_, avif), (_, webp) = post.sources
    name, url = post.artist_name, post.url
    return Tile(
        aspect_ratio=post.aspect_ratio,
        tone=post.tone,
        url=url,
        avif=avif,
        webp=webp,
        src=post.src,
        sizes=wall_sizes(post.aspect_ratio, size),
        width=str(post.width),
        height=str(post.height),
        alt=post.alt,
        placeholder=post.placeholder,
        is_eager="1" if is_eager else "",
        words=_short(post.title or post.prompt),
        artist_url=post.artist_url,
        artist_name=name,
        artist_letter=name[:1].upper()[:1],
        artist_tone=post.artist_tone,
        remix_url=post.remix_url,
        kind="3D" if post.kind == OutputKind.MODEL_3D else "",
        veil=_LEVELS[post.level] if sight.veils(post.level, owner_id=post.owner_id) else "",
        code=str(post.code),
        member="1" if sight.is_member else "",
        like_number=post.like_number,
        like_shown=post.like_shown,
        like_words=post.like_words,
        like_on=post.like_on,
        like_pressed=post.like_pressed,
    )


def render(posts: Iterable[Post], *, sight: Sight, is_first: bool, size: str = "") -> SafeString:
    """The tiles of one page of a wall. `is_first` where it is the wall's first page: then its first row comes first."""
    shown = (
        of(post, sight=sight, is_eager=is_first and is_first_row(place), size=size)
        for place, post in enumerate(posts, 1)
    )
    return mark_safe("\n".join(map(fill, shown)))  # noqa: S308  (our template's pieces, and escaped values)


def render_one(post: Post, *, sight: Sight, is_eager: bool) -> SafeString:
    """One tile alone, without its place on the wall."""
    return mark_safe(fill(of(post, sight=sight, is_eager=is_eager), template=WORK))  # noqa: S308  (as above)


def fill(tile: Tile, *, template: str = PLACE) -> str:
    """The HTML of one tile: what the template makes of it, without asking the template."""
    return stencils.fill(_shape(template, tuple(map(bool, tile))), tile)


@lru_cache(maxsize=SHAPES_MAX)
def _shape(template: str, has: tuple[bool, ...]) -> Shape:
    """A tile that has these values."""
    marked = Tile(*stencils.marks(has))
    return stencils.cut(get_template(template).render({"tile": marked}), len(has))


def _short(words: str) -> str:
    """As the filter `truncatechars` would; most words are short enough, and those need not be counted."""
    return words if len(words) <= WORDS_MAX else Truncator(words).chars(WORDS_MAX)
