"""The search by words: PostgreSQL full text over title, prompt and artist, by the beginnings of words.

Of all that match the newest MATCHES_MAX are ranked, so that a word of every second picture costs what others cost.
"""

import math
from collections.abc import Collection, Sequence
from typing import Any

from gallery import terms, walls
from gallery.finder import Finder
from gallery.models import Post
from gallery.paging import Order, Page, after_key, key_of
from gallery.walls import COLUMNS, Sql

MATCHES_MAX = 1_000
# Where the newest matches are sought first: among so many of the newest posts, read one by one where a word is common,
# else in so many eras of the index (gallery_words in migration 0004), with some to spare, since words come in waves.
READ_MAX = 15_000
ERA_BITS, ERAS_MAX = 14, 32
SPARE = 1.5
RANK_UNITS = 1_000_000  # a rank is kept as a whole number, so that a cursor can hold it


def page(*, finder: Finder, order: Order, levels: Collection[str], size: int, after: str = "") -> Page[Post]:
    """Posts that have all the words, and pass the filters. Raises BrokenCursor."""
    place = key_of(order, after) if after else None
    words = terms.split(finder.words)
    if not words:
        return Page([], "")
    facts = _lexemes(finder, [])
    known = terms.known(words, handles=finder.artists, facts=facts.values())
    if finder.artists and not known.artists:
        return Page([], "")
    asked = _asked(words, known)
    newest = _newest(_and([asked, *_facts(finder, known)]), known, finder, levels)
    found = walls.rows(_query(newest, asked, order, levels, size, place))
    if len(found) <= size:
        return Page(found, "")
    last: Any = found[size - 1]
    return Page(found[:size], after_key(order, getattr(last, COLUMNS[order]), last.pk))


# --- What is asked ---------------------------------------------------------------------------------------------------


def _asked(words: list[str], known: terms.Known) -> Sql:
    """All of the words, each as it is written, as another form of itself, or in the name of an artist."""
    parts = []
    for word in words:
        said = Sql("to_tsquery('simple', %s) || to_tsquery('english', %s)", [terms.as_written(word), f"'{word}'"])
        if artists := known.named[word]:
            said = Sql(f"{said.text} || %s::tsquery", [*said.values, _one_of([f"~artist:{pk}" for pk in artists])])
        parts.append(said)
    return _and(parts)


def _lexemes(finder: Finder, artists: Sequence[int]) -> dict[str, list[str]]:
    """The filters, as the marked words that stand among a post's own."""
    wanted: dict[str, Collection[Any]] = {
        "artist": artists,
        "model": [model.pk for model in finder.models],
        "ratio": finder.ratios,
        "tone": finder.colors,
    }
    return {fact: [f"~{fact}:{value}" for value in values] for fact, values in wanted.items() if values}


def _facts(finder: Finder, known: terms.Known) -> list[Sql]:
    return [Sql("%s::tsquery", [_one_of(lexemes)]) for lexemes in _lexemes(finder, known.artists).values()]


def _one_of(lexemes: Collection[str]) -> str:
    return " | ".join(f"'{lexeme}'" for lexeme in lexemes)


def _and(parts: list[Sql]) -> Sql:
    text = " && ".join(f"({part.text})" for part in parts)
    return Sql(f"({text})", [value for part in parts for value in part.values])


# --- The newest that match -------------------------------------------------------------------------------------------

_ENTRY = "SELECT entry.post_id, entry.published_at, entry.words"
_BY_TIME = "ORDER BY entry.published_at DESC, entry.post_id DESC"
# As an expression, so that no index offers this order: it would be walked from the newest post to the last match.
_SORTED = "ORDER BY extract(epoch FROM entry.published_at) DESC, entry.post_id DESC"


def _newest(within: Sql, known: terms.Known, finder: Finder, levels: Collection[str]) -> Sql:
    """The newest MATCHES_MAX that match: first where they must be if the words are as common as usual, then anywhere.

    The second part runs only where the first one found too few.
    """
    matches = _matching(within, levels)
    if finder.since or finder.until:
        for moment, comparison in ((finder.from_moment, ">="), (finder.to_moment, "<")):
            if moment:
                matches = matches.also(f"entry.published_at {comparison} %s", moment)
        return _limited(matches, _BY_TIME)
    enough = 0 if not known.share else math.ceil(SPARE * MATCHES_MAX / known.share)
    if 0 < enough <= READ_MAX:
        return _first_read(enough, matches)
    if 0 < enough <= (ERAS_MAX << ERA_BITS):
        last = known.last_id >> ERA_BITS
        return _first_eras(range(last, max(last - (enough >> ERA_BITS) - 2, -1), -1), within, levels)
    return _limited(matches, _SORTED)


def _matching(within: Sql, levels: Collection[str]) -> Sql:
    matches = Sql(f"entry.words @@ {within.text}", within.values)
    return matches.also("entry.level = ANY (%s)", [str(level) for level in levels])


def _limited(matches: Sql, order: str) -> Sql:
    text = f"{_ENTRY} FROM gallery_searchentry entry WHERE {matches.text} {order} LIMIT {MATCHES_MAX}"
    return Sql(text, matches.values)


def _first_read(number: int, matches: Sql) -> Sql:
    """From the newest posts, one after the other."""
    newest = f"SELECT * FROM gallery_searchentry entry {_BY_TIME} LIMIT {number}"  # noqa: S608  (our own names)
    read = Sql(f"{_ENTRY} FROM ({newest}) entry WHERE {matches.text} LIMIT {MATCHES_MAX}", matches.values)
    older = matches.also(
        "(entry.published_at, entry.post_id) < (SELECT entry.published_at, entry.post_id"  # noqa: S608  (our own names)
        f" FROM gallery_searchentry entry {_BY_TIME} OFFSET {number - 1} LIMIT 1)"
    )
    return _either(read, _limited(older, _SORTED))


def _first_eras(eras: Sequence[int], within: Sql, levels: Collection[str]) -> Sql:
    """From these eras, the newest, through the index."""
    inside = _and([within, Sql("%s::tsquery", [_one_of([f"~era:{era}" for era in eras])])])
    older = _matching(within, levels).also("entry.post_id < %s", eras[-1] << ERA_BITS)
    return _either(_limited(_matching(inside, levels), _SORTED), _limited(older, _SORTED))


def _either(first: Sql, then: Sql) -> Sql:
    text = f"SELECT * FROM (({first.text}) UNION ALL ({then.text})) found LIMIT {MATCHES_MAX}"  # noqa: S608  (our own names)
    return Sql(text, [*first.values, *then.values])


# --- One page of them ------------------------------------------------------------------------------------------------


def _query(
    newest: Sql, asked: Sql, order: Order, levels: Collection[str], size: int, place: tuple[Any, int] | None
) -> Sql:
    # Its own order and cursor come before the joins, so that a page looks up the rows it shows and no more.
    is_known = order in (Order.MATCH, Order.NEW)
    key = f"{'hit' if is_known else 'walked'}.{COLUMNS[order]}"
    last = "hit.post_id" if is_known else "walked.id"
    shown = walls.visible(levels, "walked").also("walked.is_listed")
    if place:
        shown = shown.also(f"({key}, {last}) < (%s, %s)", *place)
    text = f"""
        WITH newest AS MATERIALIZED ({newest.text}), ranked AS MATERIALIZED (
            SELECT post_id, published_at, (ts_rank(words, {asked.text}, 1) * {RANK_UNITS})::int AS rank FROM newest
        ), hit AS MATERIALIZED (
            SELECT * FROM ranked ORDER BY {COLUMNS[order] if is_known else "rank"} DESC, post_id DESC
        )
        SELECT {walls.wall_columns("walked")}, hit.rank
          FROM hit JOIN gallery_post walked ON walked.id = hit.post_id
          JOIN generation_asset asset ON asset.id = walked.asset_id
          JOIN {walls.people_table()} owner ON owner.id = walked.owner_id
         WHERE {shown.text} ORDER BY {key} DESC, {last} DESC LIMIT {size + 1}
    """  # noqa: S608  (our own names; values are apart)
    return Sql(text, [*newest.values, *asked.values, *shown.values])
