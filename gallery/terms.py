"""The words of a search, and what the database knows of them: whose names they begin, how common each is."""

import math
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.db import connection

TERMS_MAX = 12
WORD_MAX = 100  # letters: PostgreSQL refuses a query with a word of more than 2,046 bytes
PREFIX_MIN = 3  # shorter ones begin a tenth of all words: they are looked for as they stand
NAMESAKES_MAX = 10

# Words that nearly every sentence has. Beside others they are left out; alone they are looked for like any word.
_STOP_WORDS = (
    "a an and are as at be but by for from had has have he her his i in into is it its me my no not of on or our "
    "she so that the their them then there these they this to was we were what when where which who will with you "
    "your"
)
STOP_WORDS = frozenset(_STOP_WORDS.split())


@dataclass(frozen=True)
class Known:
    """What the database says of the words of a search before it is made."""

    named: Mapping[str, Sequence[int]]  # artists by the word that begins one of their names
    artists: Sequence[int]  # those of the filter
    share: float  # of all posts that have all of it, as the planner's statistics have it; 0 for what is rare
    last_id: int


def split(text: str) -> list[str]:
    """The words of a search as the index has them: without accents, signs and capitals."""
    plain = unicodedata.normalize("NFKD", text.lower())
    letters = (_letter(letter) for letter in plain if not "\u0300" <= letter <= "\u036f")
    # One sign may become eighteen letters here, so that a short search can have a long word.
    found = list(dict.fromkeys(word[:WORD_MAX] for word in "".join(letters).split()))
    return ([word for word in found if word not in STOP_WORDS] or found)[:TERMS_MAX]


def _letter(letter: str) -> str:
    return letter if unicodedata.category(letter)[0] in "LNM" else " "


def is_prefix(word: str) -> bool:
    return len(word) >= PREFIX_MIN and word not in STOP_WORDS


def as_written(word: str) -> str:
    """A word, or its beginning, as to_tsquery reads it. Made of letters, digits and marks: nothing to escape."""
    return f"'{word}':*" if is_prefix(word) else f"'{word}'"


def known(words: Sequence[str], *, handles: Collection[str], facts: Collection[Collection[str]]) -> Known:
    """In one query. `facts`: of each further filter the lexemes that stand for its values."""
    told = [(number, word, is_prefix(word)) for number, word in enumerate(words, 1)]
    marked = [(len(words) + number, lexeme) for number, lexemes in enumerate(facts, 1) for lexeme in lexemes]
    with connection.cursor() as cursor:
        cursor.execute(
            _KNOWN.format(people=get_user_model()._meta.db_table),
            {
                "asked": [as_written(word) for word in words],
                "handles": list(handles),
                "numbers": [number for number, *_ in told],
                "words": [word for _, word, _ in told],
                "prefixes": [prefix for *_, prefix in told],
                "fact_numbers": [number for number, _ in marked],
                "facts": [lexeme for _, lexeme in marked],
            },
        )
        rows = cursor.fetchall()
    people = [(number, pk) for what, number, pk, _ in rows if what == "person"]
    return Known(
        named={word: [pk for at, pk in people if at == number] for number, word in enumerate(words, 1)},
        artists=[pk for at, pk in people if at == 0],
        share=math.prod(share or 0.0 for what, _, _, share in rows if what == "share"),
        last_id=next(pk or 0 for what, _, pk, _ in rows if what == "last"),
    )


# People by number of the word, 0 for the filter's; the share of posts that have the word, its stem or the name; the
# newest post.
_KNOWN = f"""
    WITH person AS MATERIALIZED (
        SELECT term.number, artist.id FROM unnest(%(asked)s::text[]) WITH ORDINALITY AS term (asked, number)
         CROSS JOIN LATERAL (
            SELECT owner.id FROM {{people}} owner JOIN gallery_artist counted ON counted.owner_id = owner.id
             WHERE to_tsvector('simple', gallery_plain(coalesce(handle, '') || ' ' || display_name))
                   @@ to_tsquery('simple', term.asked)
               AND NOT owner.is_guest AND owner.is_active AND counted.post_count > 0
             ORDER BY counted.post_count DESC LIMIT {NAMESAKES_MAX}) artist
         UNION ALL
        SELECT 0, id FROM {{people}} WHERE handle = ANY (%(handles)s) AND is_active
    ), word AS (
        SELECT *
          FROM unnest(%(numbers)s::int[], %(words)s::text[], %(prefixes)s::bool[]) AS word (number, lexeme, begins)
    ), wanted AS (
        SELECT * FROM word
         UNION ALL SELECT number, unnest(tsvector_to_array(to_tsvector('english', lexeme))), false FROM word
         UNION ALL SELECT number, '~artist:' || id, false FROM person
         UNION ALL SELECT number, lexeme, false
                     FROM unnest(%(fact_numbers)s::int[], %(facts)s::text[]) AS fact (number, lexeme)
    ), common AS (
        SELECT unnest(most_common_elems::text::text[]) AS lexeme, unnest(most_common_elem_freqs) AS share
          FROM pg_stats
         WHERE schemaname = current_schema() AND tablename = 'gallery_searchentry' AND attname = 'words'
    ), found AS (
        SELECT DISTINCT wanted.number, common.lexeme, common.share FROM wanted
          LEFT JOIN common ON common.lexeme = wanted.lexeme
                           OR wanted.begins AND starts_with(common.lexeme, wanted.lexeme)
    )
    SELECT 'person', number, id, NULL::real FROM person
     UNION ALL SELECT 'share', number, NULL, least(sum(share), 1) FROM found GROUP BY number
     UNION ALL SELECT 'last', NULL, max(post_id), NULL FROM gallery_searchentry
"""  # noqa: S608  (a number of ours)
