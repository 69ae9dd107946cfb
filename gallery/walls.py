"""One page of a wall, in one query that reads a bounded part of one index, whatever is filtered.

The most selective filter has an index in each order; the page walks it from the cursor on and leaves out what does not
fit the rest. After WALK_MAX rows it stops: the page is then short, and its cursor goes on where it stopped.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import connection
from django.db.models.base import ModelState

from config import caches
from gallery import artists
from gallery.finder import Finder
from gallery.models import Post, Visibility
from gallery.paging import Order, Page, after_key, key_of

WALK_MAX = 2_000
COLUMNS = {Order.NEW: "published_at", Order.LIKED: "like_count", Order.RATED: "rating_rank", Order.MATCH: "rank"}
SHARES_KEY, SHARES_SECONDS = "walls:shares:1", 600


@dataclass
class Sql:
    """Text and values of a condition or a query, put together in one order. Only our own names are in the text."""

    text: str = ""
    values: list[Any] = field(default_factory=list)

    def also(self, text: str, *values: Any) -> "Sql":
        """With one more condition."""
        return Sql(f"{self.text} AND {text}" if self.text else text, [*self.values, *values])


@dataclass(frozen=True)
class Filter:
    """A column of posts and the values that are wanted."""

    column: str
    values: Sequence[Any]


def page(
    *, finder: Finder, order: Order, levels: Collection[str], size: int, after: str = "", artist_id: int | None = None
) -> Page[Post]:
    """The posts that fit, in this order, from the cursor on. Raises BrokenCursor."""
    artist_ids = [artist_id] if artist_id else artists.ids(finder.artists)
    if finder.artists and not artist_ids:
        return Page([], "")
    filters = _filters(finder, artist_ids)
    driver = _most_selective(filters)
    rest = [one for one in filters if one is not driver]
    place = key_of(order, after) if after else None
    if _spans_days(finder, order) and driver is None and _is_short(finder):
        walk = _days(finder, order, place)
    else:
        walk = _walk(driver, finder, order, place)
    query = _page(walk, _fits(rest, finder, order, levels), visible(levels, "post"), order, size)
    return _cut(_rows(query), order, size)


def rows(query: Sql) -> list[Post]:
    """Posts with their artists from a query with `wall_columns()`; the artist needs no second one."""
    return _rows(query)


def wall_columns(source: str) -> str:
    """What a tile shows of a post in `source` and of its artist in `owner`, as columns of a query."""
    named = ", ".join(f'{source}."{column}"' for column in Post.wall_columns())
    return f'{named}, owner.handle AS "owner_handle", owner.display_name AS "owner_display_name", asset.public_folder'


def people_table() -> str:
    return get_user_model()._meta.db_table


# --- Which index -----------------------------------------------------------------------------------------------------


def _filters(finder: Finder, artist_ids: Sequence[int]) -> list[Filter]:
    known = [
        Filter("owner_id", artist_ids),
        Filter("model_id", [model.pk for model in finder.models]),
        Filter("tone", finder.colors),
        Filter("aspect_ratio", finder.ratios),
    ]
    return [one for one in known if one.values]


def _most_selective(filters: list[Filter]) -> Filter | None:
    """The filter whose index is walked: an artist, else the one that fewest posts pass as far as PostgreSQL knows."""
    if len(filters) < 2 or filters[0].column == "owner_id":
        return filters[0] if filters else None
    known = _shares()
    return min(filters, key=lambda one: sum(known.get((one.column, str(value)), 0.0) for value in one.values))


def _shares() -> dict[tuple[str, str], float]:
    """How common each value is, from the statistics that the planner uses; what is too rare to be there has none."""
    known: dict[tuple[str, str], float] | None = cache.get(SHARES_KEY)
    if known is None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT attname, unnest(most_common_vals::text::text[]), unnest(most_common_freqs) FROM pg_stats"
                " WHERE schemaname = current_schema() AND tablename = %s AND attname = ANY (%s)",
                [Post._meta.db_table, ["model_id", "tone", "aspect_ratio"]],
            )
            known = {(column, value): share for column, value, share in cursor.fetchall()}
        caches.keep(SHARES_KEY, known, SHARES_SECONDS)
    return known


# --- The query -------------------------------------------------------------------------------------------------------


def _walk(driver: Filter | None, finder: Finder, order: Order, place: tuple[datetime | int, int] | None) -> Sql:
    """The rows of the index from the cursor on. Several values are several walks, merged without sorting them."""
    if driver is None:
        return _branch(None, None, finder, order, place)
    branches = [_branch(driver, value, finder, order, place) for value in driver.values]
    if len(branches) == 1:
        return branches[0]
    merged = " UNION ALL ".join(f"({branch.text})" for branch in branches)
    text = f"SELECT * FROM ({merged}) branch ORDER BY {COLUMNS[order]} DESC, id DESC LIMIT {WALK_MAX}"  # noqa: S608  (our own names)
    return Sql(text, [value for branch in branches for value in branch.values])


def _branch(
    driver: Filter | None, value: Any, finder: Finder, order: Order, place: tuple[datetime | int, int] | None
) -> Sql:
    where = Sql("post.is_listed")
    if driver:
        where = where.also(f"post.{driver.column} = %s", value)
    if order is Order.NEW:
        where = _within(where, "post", finder)
    if place:
        # From a subquery, so that the planner cannot weigh it: among many equal counts it would expect too few rows,
        # and sort all of them instead of walking on.
        where = where.also(f"(post.{COLUMNS[order]}, post.id) < (SELECT %s, %s)", *place)
    return Sql(
        f"SELECT post.id, post.{COLUMNS[order]} FROM gallery_post post WHERE {where.text}"  # noqa: S608  (our own names)
        f" ORDER BY post.{COLUMNS[order]} DESC, post.id DESC LIMIT {WALK_MAX}",
        where.values,
    )


def _within(where: Sql, source: str, finder: Finder) -> Sql:
    if finder.from_moment:
        where = where.also(f"{source}.published_at >= %s", finder.from_moment)
    if finder.to_moment:
        where = where.also(f"{source}.published_at < %s", finder.to_moment)
    return where


def _fits(rest: Iterable[Filter], finder: Finder, order: Order, levels: Collection[str]) -> Sql:
    """What a walked post must also be."""
    fits = Sql("post.level = ANY (%s)", [[str(level) for level in levels]])
    for one in rest:
        fits = fits.also(f"post.{one.column} = ANY (%s)", list(one.values))
    return fits if order is Order.NEW else _within(fits, "post", finder)


def visible(levels: Collection[str], source: str = "walked") -> Sql:
    """The asset has the last word: what it withdrew or deleted is on no wall."""
    return Sql(
        f"asset.visibility = %s AND asset.deleted_at IS NULL AND {source}.level = ANY (%s)",
        [Visibility.PUBLIC.value, [str(level) for level in levels]],
    )


def _page(walk: Sql, fits: Sql, shown: Sql, order: Order, size: int) -> Sql:
    """The first rows that fit, and the one where the walk stopped, which says where the next page goes on.

    The walk reads an index and nothing else; the rows themselves are looked up one by one, by joins that cannot become
    others (OFFSET 0), and so no further than the page goes. The planner would look up all of the walk and sort that.
    Where a post does not fit, its asset is not looked up: hence two conditions.
    """
    text = f"""
        SELECT {wall_columns("post")}, walked.number AS walk_number, ({fits.text} AND {shown.text}) AS walk_fits
          FROM (SELECT one.*, row_number() OVER (ORDER BY one.{COLUMNS[order]} DESC, one.id DESC) AS number
                  FROM ({walk.text}) one) walked
         CROSS JOIN LATERAL (SELECT * FROM gallery_post WHERE id = walked.id OFFSET 0) post
         CROSS JOIN LATERAL (SELECT * FROM generation_asset WHERE id = post.asset_id OFFSET 0) asset
         CROSS JOIN LATERAL (SELECT * FROM {people_table()} WHERE id = post.owner_id OFFSET 0) owner
         WHERE ({fits.text} OR walked.number = {WALK_MAX}) AND ({shown.text} OR walked.number = {WALK_MAX})
         ORDER BY walked.{COLUMNS[order]} DESC, walked.id DESC LIMIT {size + 1}
    """  # noqa: S608  (our own names; values are apart)
    return Sql(text, [*fits.values, *shown.values, *walk.values, *fits.values, *shown.values])


def _rows(query: Sql) -> list[Post]:
    people = get_user_model()
    with connection.cursor() as cursor:
        cursor.execute(query.text, query.values)
        names = [column.name for column in cursor.description or ()]
        posts = [_read(names, row) for row in cursor.fetchall()]
    artists_by_id: dict[int, Any] = {}
    for post in posts:
        told: Any = post
        if post.owner_id not in artists_by_id:
            named = [post.owner_id, told.owner_handle, told.owner_display_name]
            artists_by_id[post.owner_id] = people.from_db(None, ["id", "handle", "display_name"], named)
        post.owner = artists_by_id[post.owner_id]
    return posts


def _read(names: list[str], row: tuple[Any, ...]) -> Post:
    """A post from the database, as Post.from_db makes one, which takes eight times as long."""
    post = Post.__new__(Post)
    vars(post).update(zip(names, row, strict=True), _state=ModelState())
    post._state.adding, post._state.db = False, connection.alias
    return post


def _cut(found: list[Any], order: Order, size: int) -> Page[Post]:
    fitting = [post for post in found if post.walk_fits]
    if len(fitting) > size:
        return Page(fitting[:size], _after(fitting[size - 1], order))
    stopped = next((post for post in found if post.walk_number == WALK_MAX), None)
    return Page(fitting, _after(stopped, order) if stopped else "")


def _after(post: Post, order: Order) -> str:
    return after_key(order, getattr(post, COLUMNS[order]), post.pk)


# --- The best of some days -------------------------------------------------------------------------------------------


def _spans_days(finder: Finder, order: Order) -> bool:
    return order is not Order.NEW and bool(finder.since or finder.until)


def _is_short(finder: Finder) -> bool:
    """Whether the days hold few enough posts to sort them all: among the most liked ever there may be none of them."""
    where = _within(Sql("post.is_listed"), "post", finder)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT 1 FROM gallery_post post WHERE {where.text}"  # noqa: S608  (our own names)
            f" ORDER BY post.published_at DESC OFFSET {WALK_MAX - 1} LIMIT 1",
            where.values,
        )
        return cursor.fetchone() is None


def _days(finder: Finder, order: Order, place: tuple[datetime | int, int] | None) -> Sql:
    """All posts of the days, sorted."""
    where = _within(Sql("post.is_listed"), "post", finder)
    from_place = f"WHERE (day.{COLUMNS[order]}, day.id) < (%s, %s)" if place else ""
    text = f"""
        SELECT day.id, day.{COLUMNS[order]} FROM (SELECT post.* FROM gallery_post post WHERE {where.text}
                        ORDER BY post.published_at DESC LIMIT {WALK_MAX}) day {from_place}
         ORDER BY day.{COLUMNS[order]} DESC, day.id DESC
    """  # noqa: S608  (our own names)
    return Sql(text, [*where.values, *(place or ())])
