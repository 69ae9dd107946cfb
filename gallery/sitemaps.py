"""The sitemap: what of the gallery every visitor may see, in parts of a fixed range of ids. Reads only.

django.contrib.sitemaps counts and skips rows to make its pages; here a part is a range of ids, so that each costs the
same however many there are, and a part that is full never changes but for what is withdrawn from it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from xml.sax.saxutils import escape

from django.db import connection
from django.db.models import BigIntegerField, Max, QuerySet
from django.db.models.expressions import RawSQL
from django.urls import reverse

from gallery.errors import NotYours
from gallery.models import Artist, Collection, Post, Visibility
from gallery.sharing import absolute

# The protocol allows 50,000 addresses a file. So many are read and written in one request, and so few that PostgreSQL
# looks up their assets one by one: for more it would read through all assets.
PART = 2_000
PARTS_MAX = 50_000
PAGES = ("studio", "explore", "pricing", "limits", "transparency")
_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
_OPEN = '<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(frozen=True)
class Entry:
    path: str
    changed_at: datetime | None = None
    picture: str = ""


class Kind(Protocol):
    """Something of which there are many pages."""

    @staticmethod
    def rows() -> QuerySet[Any]: ...

    @staticmethod
    def entries(rows: QuerySet[Any]) -> Iterator[Entry]: ...


class Posts:
    """Public posts of levels for all; each with its picture, for picture searches."""

    @staticmethod
    def rows() -> QuerySet[Any]:
        return Post.objects.listed()

    @staticmethod
    def entries(rows: QuerySet[Any]) -> Iterator[Entry]:
        for code, published_at in rows.values_list("code", "published_at"):
            yield Entry(f"/art/{code}", published_at, f"/files/{code}/1280.webp")


class Artists:
    """People who show something."""

    @staticmethod
    def rows() -> QuerySet[Any]:
        people = Artist.objects.filter(post_count__gt=0)
        return people.filter(owner__is_active=True, owner__handle__isnull=False)

    @staticmethod
    def entries(rows: QuerySet[Any]) -> Iterator[Entry]:
        for handle in rows.values_list("owner__handle", flat=True):
            yield Entry(f"/@{handle}")


class Collections:
    """Public ones that hold something."""

    @staticmethod
    def rows() -> QuerySet[Any]:
        return Collection.objects.filter(visibility=Visibility.PUBLIC, item_count__gt=0, owner__is_active=True)

    @staticmethod
    def entries(rows: QuerySet[Any]) -> Iterator[Entry]:
        for code, changed_at in rows.values_list("code", "changed_at"):
            yield Entry(Collection(code=code).url, changed_at)


KINDS: dict[str, type[Kind]] = {"posts": Posts, "artists": Artists, "collections": Collections}


def index() -> str:
    """Every part that has anything in it. Two queries a kind: how far its ids go, and which ranges have rows."""
    paths = [reverse("sitemap_pages")]
    for kind in KINDS:
        paths += [reverse("sitemap_part", args=[kind, number]) for number in parts(kind)]
    maps = "".join(f"<sitemap><loc>{_loc(path)}</loc></sitemap>\n" for path in paths)
    return f'{_OPEN}<sitemapindex xmlns="{_NAMESPACE}">\n{maps}</sitemapindex>\n'


def parts(kind: str) -> list[int]:
    """Numbers of the ranges that hold a row of this kind: one probe of an index each, no count."""
    rows = KINDS[kind].rows()
    last = rows.model._default_manager.aggregate(last=Max("pk"))["last"] or 0
    number: Any = RawSQL("number", (), output_field=BigIntegerField())
    probe = rows.order_by().filter(pk__gte=number * PART, pk__lt=(number + 1) * PART).values("pk")[:1]
    sql, values = probe.query.sql_with_params()
    with connection.cursor() as cursor:
        # A lateral join with a limit, and not EXISTS, of which the planner makes one pass over everything.
        series = "SELECT number FROM generate_series(0::bigint, %s) number"
        cursor.execute(
            f"{series} CROSS JOIN LATERAL ({sql}) probe ORDER BY number",
            [min(last // PART, PARTS_MAX - 1), *values],
        )
        return [number for (number,) in cursor.fetchall()]


def part(kind: str, number: int) -> str:
    """The addresses of one range of ids. One query. Raises NotYours where there is no such part."""
    if kind not in KINDS or number >= PARTS_MAX:
        raise NotYours(kind=kind, number=number)
    rows = KINDS[kind].rows().filter(pk__gte=number * PART, pk__lt=(number + 1) * PART).order_by("pk")
    entries = list(KINDS[kind].entries(rows))
    if not entries:  # a file without an address would be no sitemap
        raise NotYours(kind=kind, number=number)
    return _urls(entries)


def pages() -> str:
    """The pages that stand by themselves."""
    return _urls([Entry(reverse(name)) for name in PAGES])


def _urls(entries: list[Entry]) -> str:
    image = ' xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'
    written = "".join(map(_url, entries))
    return f'{_OPEN}<urlset xmlns="{_NAMESPACE}"{image}>\n{written}</urlset>\n'


def _url(entry: Entry) -> str:
    changed = f"<lastmod>{entry.changed_at.isoformat(timespec='seconds')}</lastmod>" if entry.changed_at else ""
    picture = f"<image:image><image:loc>{_loc(entry.picture)}</image:loc></image:image>" if entry.picture else ""
    return f"<url><loc>{_loc(entry.path)}</loc>{changed}{picture}</url>\n"


def _loc(path: str) -> str:
    return escape(absolute(path))
