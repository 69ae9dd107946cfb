"""The search by words: PostgreSQL full text over title, prompt and artist, by the beginnings of words.

Of all that match the newest MATCHES_MAX are ranked, so that a word of every second picture costs what others cost.
"""

import math
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from gallery import walking
from gallery.finder import Finder
from gallery.models import Post
from gallery.paging import Order, Page, after_key, key_of
from gallery.walking import COLUMNS, Sql

MATCHES_MAX = 1_000
# Where the newest matches are sought first: among so many of the newest posts, read one by one where a word is common,
# else in so many eras of the index (gallery_words in migration 0004), with some to spare, since words come in waves.
READ_MAX = 15_000
ERA_BITS, ERAS_MAX = 14, 32
SPARE = 1.5
TERMS_MAX = 12
PREFIX_MIN = 3  # shorter ones begin a tenth of all words: they are looked for as they stand
NAMESAKES_MAX = 10
RANK_UNITS = 1_000_000  # a rank is kept as a whole number, so that a cursor can hold it

# Words that nearly every sentence has. Beside others they are left out; alone they are looked for like any word.
_STOP_WORDS = (
    "a an and are as at be but by for from had has have he her his i in into is it its me my no not of on or our "
    "she so that the their them then there these they this to was we were what when where which who will with you "
    "your"
)
STOP_WORDS = frozenset(_STOP_WORDS.split())


def terms(text: str) -> list[str]:
    """The words of a search as the index has them: without accents, signs and capitals."""
    plain = unicodedata.normalize("NFKD", text.lower())
    letters = (_letter(letter) for letter in plain if not "\u0300" <= letter <= "\u036f")
    found = list(dict.fromkeys("".join(letters).split()))
    return ([word for word in found if word not in STOP_WORDS] or found)[:TERMS_MAX]


def _letter(letter: str) -> str:
    return letter if unicodedata.category(letter)[0] in "LNM" else " "


@dataclass(frozen=True)
class Known:
    """What the database says of the words of a search before it is made."""

    named: dict[str, list[int]]  # artists by the word that begins one of their names
    artists: list[int]  # those of the filter
    share: float  # of all posts that have all the words, as the planner's statistics have it; 0 for rare ones
    last_id: int


def page(*, finder: Finder, order: Order, levels: Collection[str], size: int, after: str = "") -> Page[Post]:
    """Posts that have all the words, and pass the filters. Raises BrokenCursor."""
    place = key_of(order, after) if after else None
    words = terms(finder.words)
    if not words:
        return Page([], "")
    known = _known(words, finder)
    if finder.artists and not known.artists:
        return Page([], "")
    asked = _asked(words, known)
    newest = _newest(_and([asked, *_facts(finder, known)]), known, finder, levels)
    found = walking.rows(_query(newest, asked, order, levels, size, place))
    if len(found) <= size:
        return Page(found, "")
    last: Any = found[size - 1]
    return Page(found[:size], after_key(order, getattr(last, COLUMNS[order]), last.pk))


# --- What is known of the words --------------------------------------------------------------------------------------


def _known(words: list[str], finder: Finder) -> Known:
    people = walking.people_table()
    counted = [(n, word, _is_prefix(word)) for n, word in enumerate(words)]
    counted += [
        (len(words) + n, lexeme, False) for n, lexemes in enumerate(_lexemes(finder, []).values()) for lexeme in lexemes
    ]
    groups, lexemes, prefixes = zip(*counted, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH common AS (
                SELECT unnest(most_common_elems::text::text[]) AS lexeme, unnest(most_common_elem_freqs) AS share
                  FROM pg_stats WHERE schemaname = current_schema()
                                  AND tablename = 'gallery_searchentry' AND attname = 'words')
            SELECT 'name', term.word, person.id, NULL::real FROM unnest(%s::text[], %s::text[]) AS term (word, asked)
             CROSS JOIN LATERAL (
                SELECT owner.id FROM {people} owner JOIN gallery_artist artist ON artist.owner_id = owner.id
                 WHERE to_tsvector('simple', gallery_plain(coalesce(handle, '') || ' ' || display_name))
                       @@ to_tsquery('simple', term.asked)
                   AND NOT owner.is_guest AND owner.is_active AND artist.post_count > 0
                 ORDER BY artist.post_count DESC LIMIT {NAMESAKES_MAX}) person
             UNION ALL
            SELECT 'artist', NULL, id, NULL FROM {people} WHERE handle = ANY (%s) AND is_active
             UNION ALL
            SELECT 'share', NULL, wanted.number, least(sum(common.share), 1)
              FROM unnest(%s::int[], %s::text[], %s::bool[]) AS wanted (number, lexeme, is_prefix)
              LEFT JOIN common ON common.lexeme = wanted.lexeme
                               OR wanted.is_prefix AND starts_with(common.lexeme, wanted.lexeme)
             GROUP BY wanted.number
             UNION ALL
            SELECT 'last', NULL, max(post_id), NULL FROM gallery_searchentry
            """,  # noqa: S608  (our own names)
            [
                words,
                [_as_written(word) for word in words],
                list(finder.artists),
                *map(list, (groups, lexemes, prefixes)),
            ],
        )
        rows = cursor.fetchall()
    return Known(
        named={word: [pk for what, said, pk, _ in rows if what == "name" and said == word] for word in words},
        artists=[pk for what, _, pk, _ in rows if what == "artist"],
        share=math.prod(share or 0.0 for what, _, _, share in rows if what == "share"),
        last_id=next(pk or 0 for what, _, pk, _ in rows if what == "last"),
    )


def _is_prefix(word: str) -> bool:
    return len(word) >= PREFIX_MIN and word not in STOP_WORDS


def _as_written(word: str) -> str:
    """A word, or its beginning, as to_tsquery reads it. Made of letters, digits and marks: nothing to escape."""
    return f"'{word}':*" if _is_prefix(word) else f"'{word}'"


# --- What is asked ---------------------------------------------------------------------------------------------------


def _asked(words: list[str], known: Known) -> Sql:
    """All of the words, each as it is written, as another form of itself, or in the name of an artist."""
    parts = []
    for word in words:
        said = Sql("to_tsquery('simple', %s) || to_tsquery('english', %s)", [_as_written(word), f"'{word}'"])
        if artists := known.named[word]:
            said = Sql(f"{said.text} || %s::tsquery", [*said.values, _one_of([f"~artist:{pk}" for pk in artists])])
        parts.append(said)
    return _and(parts)


def _lexemes(finder: Finder, artists: list[int]) -> dict[str, list[str]]:
    """The filters, as the marked words that stand among a post's own."""
    wanted: dict[str, Collection[Any]] = {
        "artist": artists,
        "model": [model.pk for model in finder.models],
        "ratio": finder.ratios,
        "tone": finder.colors,
    }
    return {fact: [f"~{fact}:{value}" for value in values] for fact, values in wanted.items() if values}


def _facts(finder: Finder, known: Known) -> list[Sql]:
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


def _newest(within: Sql, known: Known, finder: Finder, levels: Collection[str]) -> Sql:
    """The newest MATCHES_MAX that match: first where they must be if the words are as common as usual, then anywhere.

    The second part runs only where the first one found too few.
    """
    matches = _matching(within, levels)
    if finder.since or finder.until:
        for moment, comparison in ((finder.from_moment, ">="), (finder.to_moment, "<")):
            if moment:
                matches = matches.also(f"entry.published_at {comparison} %s", moment)
        return _limited(matches, _BY_TIME)
    # Of an artist's pictures nobody knows how new they are.
    enough = 0 if known.artists or not known.share else math.ceil(SPARE * MATCHES_MAX / known.share)
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
    shown = walking.visible(levels, "walked").also("walked.is_listed")
    if place:
        shown = shown.also(f"({key}, {last}) < (%s, %s)", *place)
    text = f"""
        WITH newest AS MATERIALIZED ({newest.text}), ranked AS MATERIALIZED (
            SELECT post_id, published_at, (ts_rank(words, {asked.text}, 1) * {RANK_UNITS})::int AS rank FROM newest
        ), hit AS MATERIALIZED (
            SELECT * FROM ranked ORDER BY {COLUMNS[order] if is_known else "rank"} DESC, post_id DESC
        )
        SELECT {walking.wall_columns("walked")}, hit.rank
          FROM hit JOIN gallery_post walked ON walked.id = hit.post_id
          JOIN generation_asset asset ON asset.id = walked.asset_id
          JOIN {walking.people_table()} owner ON owner.id = walked.owner_id
         WHERE {shown.text} ORDER BY {key} DESC, {last} DESC LIMIT {size + 1}
    """  # noqa: S608  (our own names; values are apart)
    return Sql(text, [*newest.values, *asked.values, *shown.values])
