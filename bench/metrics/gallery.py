"""M3, M4, M5: what pages of the gallery cost with a thousand posts and with a million, beside fifty bare cards.

The posts are those of `manage.py seed_scale`, which have no files. The first thousand are measured, then the million.
What a wall shows is compared with what a plain ORDER BY finds.
"""

import re
from collections.abc import Callable
from functools import partial
from http.client import HTTPConnection
from uuid import UUID

from django.core.management import call_command
from django.db.models import F

from bench import cells, people, statements
from bench.cells import Cell, Goal, Verdict
from bench.ground import Ground
from bench.load import Load, Request
from bench.people import Person
from config import cursors, run
from gallery import scale
from gallery.models import LEVELS_FOR_ALL, Artist, Collection, CollectionItem, Follow, Post, Visibility
from gallery.paging import PAGE_SIZE

FEW, MANY, QUICK = 1_000, 1_000_000, 20_000
DEEP = 0.95
CONNECTIONS = 8
WARMED, COUNTED, COUNTED_SECONDS = 100, 10, 60
SITE = ("web", "postgres", "redis")
BARE = ("bare", "postgres")

FOLLOWED = 500
SHELVED = 200

FIRST, SIGNED_IN, BARE_CARDS = "explore", "explore, signed in", "bare cards"
# Pages by name; `{tone}` and such are values that a post in the middle has.
PAGES = {
    FIRST: "/explore",
    "explore, liked": "/explore?sort=liked",
    "explore, rated": "/explore?sort=rated",
    "explore, by color": "/explore?color={tone}",
    "explore, by ratio": "/explore?ratio={aspect_ratio}",
    "explore, by model": "/explore?model={model}",
    "explore, by artist": "/explore?artist={handle}",
    "explore, by color and ratio, liked": "/explore?color={tone}&ratio={aspect_ratio}&sort=liked",
    "explore, by a common word": "/explore?q=light",
    "explore, by a word": "/explore?q=harbour",
    "explore, by a rare word": "/explore?q={rare}",
    "artist": "/@{handle}",
    "post": "/art/{code}",
    "collection": "/collections/{collection}",
    "feed": "/feeds/latest.atom",
    "sitemap": "/sitemap.xml",
    "sitemap of posts": "/sitemaps/posts-0.xml",
}
# The same for two who are signed in: a member who follows FOLLOWED artists, and the artist with the most pictures.
OF_MEMBER = {SIGNED_IN: "/explore", "following": "/following"}
OF_ARTIST = {"library": "/library", "library, filtered": "/library?shape=landscape&q=light"}
# Pages that say more where there is more, so that there is nothing to compare.
GROWING = {"sitemap", "sitemap of posts"}
# What stands on a wall, by columns and their order, for those that a plain query can say.
RIGHT: dict[str, tuple[str, ...]] = {
    FIRST: ("published_at",),
    "explore, liked": ("like_count",),
    "explore, rated": ("rating_rank",),
    "explore, by color": ("published_at", "tone"),
    "explore, by ratio": ("published_at", "aspect_ratio"),
    "explore, by model": ("published_at", "model"),
    "explore, by artist": ("published_at", "owner"),
    "explore, by color and ratio, liked": ("like_count", "tone", "aspect_ratio"),
    "artist": ("published_at", "owner"),
}
# The same, 95 of 100 posts further down: the columns it is sorted by, and what its cursor says before their values.
DEEP_PAGES = {
    "explore, deep": ("/explore?after={after}", "published_at", ()),
    "explore, liked, deep": ("/explore?sort=liked&after={after}", "like_count", (1,)),
    "explore, rated, deep": ("/explore?sort=rated&after={after}", "rating_rank", (2,)),
}


def measure(ground: Ground) -> Verdict:
    [member] = people.make(1)
    run.collect_static()  # whole pages name stylesheets by their hashes
    ground.web()
    ground.bare_web()
    many = QUICK if ground.seconds < 1 else MANY
    found: dict[int, cells.Cells] = {}
    counts: dict[str, float] = {}
    tiles: dict[int, dict[str, int]] = {}
    wrong: list[str] = []
    for posts in (FEW, many):
        call_command("seed_scale", posts=posts, verbosity=0)
        middle = _middle()
        asked = _asked(member, middle)
        shown = {name: _shown(ground, request) for name, request in asked.items()}
        wrong += [f"{name} of {posts} shows other posts" for name in RIGHT if shown[name] != _right(name, middle)]
        tiles[posts] = {name: len(codes) for name, codes in shown.items()}
        counts |= {f"{name} of {posts}": _statements(ground, asked[name]) for name in asked}
        found[posts] = cells.interleave(ground, _plans(ground, asked, posts, counts))
    wrong += [f"{number} answers were not what they must be" for number in map(cells.errors, found.values()) if number]
    alike = [name for name in asked if tiles[FEW][name] == tiles[many][name] and name not in GROWING]
    wrong += [f"{name} sends another number of statements at {many}" for name in alike if _differs(counts, name, many)]
    noisy = sum(map(cells.noisy, found.values()))
    goals = _goals(found[many], counts, many) + _growths(found[FEW], found[many], alike, many)
    return Verdict(not wrong, goals, {}, wrong, noisy)


def _plans(
    ground: Ground, asked: dict[str, Request], posts: int, counts: dict[str, float]
) -> list[Callable[[int], Cell]]:
    """Every page once a round, and the bare one first."""

    def site(name: str) -> Callable[[int], Cell]:
        make = partial(_load, ground.port, asked[name], ground.seconds)
        sql = counts[f"{name} of {posts}"]
        return lambda number: cells.measure(ground, name, make, roles=SITE, number=number, sql=sql)

    def bare(number: int) -> Cell:
        cards = Request(b"GET /cards HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        make = partial(_load, ground.bare_port, cards, ground.seconds)
        return cells.measure(ground, BARE_CARDS, make, roles=BARE, number=number, sql=0)

    return [bare, *map(site, asked)]


def _load(port: int, request: Request, seconds: float, connections: int = CONNECTIONS) -> Load:
    return Load(port, [request], connections, cells.WARM_SECONDS, seconds, frozenset({200}))


def _statements(ground: Ground, request: Request) -> float:
    def ask(connections: int, number: int) -> None:
        load = Load(ground.port, [request], connections, 0, COUNTED_SECONDS, frozenset({200}), requests_max=number)
        cells.run_quietly(ground, load)

    ask(cells.WARMERS, WARMED)
    with statements.counted() as count:
        ask(1, COUNTED)
    return count.statements / COUNTED


def _differs(counts: dict[str, float], name: str, many: int) -> bool:
    return counts[f"{name} of {FEW}"] != counts[f"{name} of {many}"]


def _shown(ground: Ground, request: Request) -> list[str]:
    """The pieces that a page's tiles lead to, in their order."""
    http = HTTPConnection("127.0.0.1", ground.port, timeout=COUNTED_SECONDS)
    http.connect()
    http.sock.sendall(request.head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    with http.sock.makefile("rb") as answer:
        page = answer.read().decode(errors="replace")
    http.close()
    return re.findall(r'class="work__frame" href="/art/([^"]+)"', page)


def _right(name: str, middle: Post) -> list[str]:
    column, *filters = RIGHT[name]
    posts = Post.objects.filter(is_listed=True, level__in=LEVELS_FOR_ALL)
    posts = posts.filter(**{field: getattr(middle, field) for field in filters})
    return list(map(str, posts.order_by(f"-{column}", "-pk").values_list("code", flat=True)[:PAGE_SIZE]))


# --- Addresses -------------------------------------------------------------------------------------------------------


def _middle() -> Post:
    """A post of the artist who has most of them."""
    busiest = Post.objects.listed().order_by(F("owner__artist__post_count").desc(nulls_last=True), "-pk")
    return Post.objects.select_related("owner", "model").get(pk=busiest[0].pk)


def _asked(member: Person, middle: Post) -> dict[str, Request]:
    values = {
        "tone": middle.tone,
        "aspect_ratio": middle.aspect_ratio,
        "model": middle.model.slug if middle.model else "",
        "handle": middle.owner.handle,
        "code": middle.code,
        "rare": scale.rarest_word(),
        "collection": _collection(middle),
    }
    _follow(member)
    paths = {name: path.format(**values) for name, path in PAGES.items()}
    for name, (path, column, mark) in DEEP_PAGES.items():
        deep = Post.objects.filter(is_listed=True).order_by(f"-{column}", "-pk")
        row = deep.values_list(column, "pk")[int(DEEP * deep.count())]
        paths[name] = path.format(after=cursors.write(*mark, *row))
    requests = {name: _request(path) for name, path in paths.items()}
    artist = people.signed_in(middle.owner, number=1)
    for person, pages in ((member, OF_MEMBER), (artist, OF_ARTIST)):
        for name, path in pages.items():
            requests[name] = Request(person.head("GET", path.format(**values), htmx=False))
    return requests


def _follow(member: Person) -> None:
    artists = Artist.objects.order_by("-post_count", "pk").values_list("owner", flat=True)[:FOLLOWED]
    Follow.objects.bulk_create(
        (Follow(follower=member.user, artist_id=artist) for artist in artists), ignore_conflicts=True
    )


def _collection(middle: Post) -> UUID:
    """A public one, with some of the newest posts."""
    shelf, is_new = Collection.objects.get_or_create(
        owner=middle.owner, name="Bench", defaults={"visibility": Visibility.PUBLIC}
    )
    if is_new:
        newest = Post.objects.listed().order_by("-pk")[:SHELVED]
        CollectionItem.objects.bulk_create(CollectionItem(collection=shelf, asset_id=post.asset_id) for post in newest)
    return shelf.code


def _request(path: str) -> Request:
    return Request(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/html,*/*;q=0.8\r\n\r\n".encode())


# --- Goals -----------------------------------------------------------------------------------------------------------


def _goals(many: cells.Cells, counts: dict[str, float], posts: int) -> list[Goal]:
    explore = _ratio(many, FIRST, BARE_CARDS)
    goals = [
        Goal.no_more_than(f"M3: CPU of explore at {posts:,}, of fifty bare cards", explore, 1.25),
        Goal.no_more_than("M3: the same, with compiled tiles", explore, 0.4),
        Goal.no_more_than("M5: CPU signed in, of nobody's", _ratio(many, SIGNED_IN, FIRST), 1.25),
        Goal.no_more_than("M5: statements signed in beyond nobody's", _more(counts, posts), 1),
    ]
    shallow = (FIRST, "explore, liked", "explore, rated")
    return goals + [
        Goal.no_more_than(f"M4: CPU of {name}, of the first page", _ratio(many, name, first), 1.1)
        for name, first in zip(DEEP_PAGES, shallow, strict=True)
    ]


def _growths(few: cells.Cells, many: cells.Cells, alike: list[str], posts: int) -> list[Goal]:
    """Of pages that show as much at both sizes: where a thousand posts fill no page there is nothing to compare."""
    return [
        Goal.no_more_than(f"M4: CPU of {name} at {posts:,}, of that at {FEW:,}", _growth(few, many, name), 1.2)
        for name in alike
    ]


def _ratio(found: cells.Cells, of: str, to: str) -> float:
    return cells.ratio(found, (of, CONNECTIONS), (to, CONNECTIONS), lambda cell: cell.cpu_total_ms)


def _growth(few: cells.Cells, many: cells.Cells, name: str) -> float:
    """Each beside the bare page of its own time: minutes lie between the two."""
    return _ratio(many, name, BARE_CARDS) / max(_ratio(few, name, BARE_CARDS), 1e-9)


def _more(counts: dict[str, float], posts: int) -> float:
    return counts[f"{SIGNED_IN} of {posts}"] - counts[f"{FIRST} of {posts}"]
