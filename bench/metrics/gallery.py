"""M3, M4, M5: what pages of the gallery cost with a thousand posts and with a million, beside fifty bare cards.

The posts are those of `manage.py seed_scale`, which have no files. The first thousand are measured, then the million.
"""

from collections.abc import Callable
from functools import partial
from http.client import HTTPConnection

from django.core.management import call_command
from django.db.models import F

from bench import cells, people, statements
from bench.cells import Cell, Goal, Verdict
from bench.ground import Ground
from bench.load import Load, Request
from bench.people import Person
from config import cursors, run
from gallery.models import Post

FEW, MANY, QUICK = 1_000, 1_000_000, 20_000
DEEP = 0.95
CONNECTIONS = 8
WARMED, COUNTED, COUNTED_SECONDS = 100, 10, 60
SITE = ("web", "postgres", "redis")
BARE = ("bare", "postgres")

FIRST, SIGNED_IN, BARE_CARDS = "explore", "explore, signed in", "bare cards"
# Kinds of pages by name; `{tone}` and such are values that a post in the middle has.
PAGES = {
    FIRST: "/explore",
    "explore, liked": "/explore?sort=liked",
    "explore, rated": "/explore?sort=rated",
    "explore, by color": "/explore?color={tone}",
    "explore, by ratio": "/explore?ratio={aspect_ratio}",
    "explore, by artist": "/explore?artist={handle}",
    "explore, by words": "/explore?q=harbour",
    "artist": "/@{handle}",
    "post": "/art/{code}",
    "feed": "/feeds/latest.atom",
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
    for posts in (FEW, many):
        call_command("seed_scale", posts=posts, verbosity=0)
        asked = _asked(member)
        tiles[posts] = {name: _tiles(ground, request) for name, request in asked.items()}
        counts |= {f"{name} of {posts}": _statements(ground, asked[name]) for name in asked}
        found[posts] = cells.interleave(ground, _plans(ground, asked, posts, counts))
    wrong = [f"{number} answers were not what they must be" for number in map(cells.errors, found.values()) if number]
    alike = [name for name in asked if tiles[FEW][name] == tiles[many][name]]
    wrong += [f"{name} sends another number of statements at {many}" for name in alike if _differs(counts, name, many)]
    noisy = sum(map(cells.noisy, found.values()))
    goals = _goals(found[many], counts, many) + _growths(found[FEW], found[many], alike, many)
    return Verdict(not wrong, goals, {}, wrong, noisy)


def _plans(
    ground: Ground, asked: dict[str, Request], posts: int, counts: dict[str, float]
) -> list[Callable[[int], Cell]]:
    """Every page with the bare one before it, so that each stands beside an anchor that saw the same neighbours."""

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


def _tiles(ground: Ground, request: Request) -> int:
    """How many pictures a page shows."""
    http = HTTPConnection("127.0.0.1", ground.port, timeout=COUNTED_SECONDS)
    http.connect()
    http.sock.sendall(request.head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    with http.sock.makefile("rb") as answer:
        page = answer.read()
    http.close()
    return page.count(b"<picture>")


# --- Addresses -------------------------------------------------------------------------------------------------------


def _asked(member: Person) -> dict[str, Request]:
    busiest = Post.objects.listed().order_by(F("owner__artist__post_count").desc(nulls_last=True), "-pk")
    middle = busiest[0]
    values = {"tone": middle.tone, "aspect_ratio": middle.aspect_ratio, "handle": middle.owner.handle}
    paths = {name: path.format(code=middle.code, **values) for name, path in PAGES.items()}
    for name, (path, column, mark) in DEEP_PAGES.items():
        deep = Post.objects.filter(is_listed=True).order_by(f"-{column}", "-pk")
        row = deep.values_list(column, "pk")[int(DEEP * deep.count())]
        paths[name] = path.format(after=cursors.write(*mark, *row))
    requests = {name: _request(path) for name, path in paths.items()}
    return {**requests, SIGNED_IN: Request(member.head("GET", PAGES[FIRST], htmx=False))}


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
