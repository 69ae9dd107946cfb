"""A gallery of any size for measuring: artists, jobs, assets, posts and their words, written by INSERT .. SELECT.

Everything follows from a row's number, so that two runs make the same rows and a longer run adds to a shorter one.
There are no files, no credits and nobody who liked or rated anything behind it, and triggers sleep meanwhile. The audit
rightly says so afterwards, by the names in UNTRUE, and nothing else: everything else holds of these rows too.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Field, Model
from django.db.models.fields import NOT_PROVIDED

from gallery.models import Level, Post
from generation import catalogue
from generation.models import Asset, InferenceModel, Job, JobState, Moderation, OutputKind, Visibility
from generation.shapes import SHAPES
from generation.tones import TONES

# What `audit_ledger` finds in such a database: jobs that were never paid, and counts of likes and ratings without rows,
# which a million posts would need ten million of.
UNTRUE = (
    "job_money_fits_state",
    "post_counts_its_likes",
    "post_counts_its_ratings",
    "post_adds_its_stars",
    "artist_counts_their_likes",
)
POSTS_MAX = 10_000_000
BATCH = 50_000
ARTISTS = 2_000
VOCABULARY = 5_000
PROMPT_WORDS = (6, 18)
FIRST = datetime(2024, 1, 1, tzinfo=UTC)  # a post a minute since then: a million in two years
RETIRED_AFTER = 2_000  # the rarest model made a few of the first pictures and none since
TITLED = 0.3

# Shares in per mille, in the order of the lists they are of: common ones first, one of each list rare.
RATIO_SHARES = dict(
    zip(
        ("1:1", "3:2", "2:3", "16:9", "4:5", "3:4", "9:16", "4:3", "5:4", "21:9", "9:21"),
        (300, 160, 140, 130, 90, 60, 50, 40, 20, 8, 2),
        strict=True,
    )
)
TONE_SHARES = dict(zip(TONES, (260, 210, 150, 130, 100, 80, 50, 20), strict=True))
LEVEL_SHARES = {Level.GENERAL: 930, Level.SUGGESTIVE: 40, Level.NUDITY: 20, Level.EXPLICIT: 10}

_COMMON = (
    "light lake mountain night city forest portrait sea ink paper river cloud gold blue red green storm lamp "
    "harbour winter summer rain snow glass stone flower garden tower bridge bird horse cat ship train desert "
    "island moon sun star fog dusk dawn shadow mirror window door street market temple castle wave cliff valley "
    "meadow oak pine moss copper silver velvet silk wool clay marble neon candle fire smoke ice dust sand shell "
    "coral whale fox owl deer"
)
COMMON = _COMMON.split()


def fill(*, posts: int) -> Iterator[int]:
    """Write until there are so many; yields how many there are after each batch. Needs the owner of the tables."""
    with connection.cursor() as cursor:
        cursor.execute(_CHANCE)
        cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS scale_word (rank int PRIMARY KEY, word text NOT NULL)")
        cursor.executemany(
            "INSERT INTO scale_word VALUES (%s, %s) ON CONFLICT DO NOTHING", list(enumerate(_vocabulary(), 1))
        )
    _artists()
    done = _written()
    while done < posts:
        last = min(done + BATCH, posts)
        with transaction.atomic(), _triggers_asleep(Job, Asset, Post):
            _batch(done + 1, last)
        done = last
        yield done
    _execute(_COUNTS)
    _execute("VACUUM ANALYZE")


def _written() -> int:
    """Batches are whole, so their number is that of the last one."""
    [(last,)] = _execute(
        "SELECT coalesce(max(substr(form_key, 7)::int), 0) FROM generation_job WHERE form_key LIKE 'scale:%'"
    )
    return int(last)


def _artists() -> None:
    people = get_user_model()
    people._default_manager.bulk_create(
        (
            people(
                email=f"scale{number}@example.invalid",
                handle=f"scale{number}",
                display_name=f"{COMMON[number % len(COMMON)]} {_word(number)}".title(),
                password="!",  # noqa: S106  (nobody signs in as one of them)
                is_guest=False,
            )
            for number in range(1, ARTISTS + 1)
        ),
        ignore_conflicts=True,
    )


def _vocabulary() -> list[str]:
    return [*COMMON, *map(_word, range(VOCABULARY - len(COMMON)))]


def rarest_word() -> str:
    """The word that fewest of the prompts say."""
    return _vocabulary()[-1]


def _word(number: int) -> str:
    """A pronounceable word of two or three syllables, another one for each number."""
    syllables = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
    first, second, third = number % 70, number // 70 % 70, number // 4900
    return syllables[first] + syllables[second] + "nrlst"[number % 5] + (syllables[third % 70] if third else "")


# --- One batch -------------------------------------------------------------------------------------------------------

# From 0 to 1, of a row's number and of what is asked about it.
_CHANCE = """
    CREATE OR REPLACE FUNCTION pg_temp.chance(n bigint, about bigint) RETURNS float8 LANGUAGE sql IMMUTABLE
        AS 'SELECT (hashint8extended(n, about) & 2147483647) / 2147483648.0::float8'
"""
_COUNTS = """
    INSERT INTO gallery_artist (owner_id, post_count, like_count)
    SELECT post.owner_id, count(*) FILTER (WHERE post.is_listed), sum(post.like_count) FROM gallery_post post
      JOIN accounts_user owner ON owner.id = post.owner_id AND owner.email LIKE 'scale%@example.invalid'
     GROUP BY post.owner_id
        ON CONFLICT (owner_id) DO UPDATE SET post_count = EXCLUDED.post_count, like_count = EXCLUDED.like_count
"""
# What rows of all tables are made from. Ranks of artists and words are exp(chance x ln(how many)): Zipf's law.
_FACTS = f"""
    CREATE TEMPORARY TABLE scale_fact ON COMMIT DROP AS
    SELECT fact.*, owner.id AS owner_id, said.prompt, said.title, model.kind AS kind
      FROM (SELECT n, md5('scale:' || n)::uuid AS code,
                   %(first)s::timestamptz + n * interval '1 minute' AS made_at,
                   'scale' || floor(exp(pg_temp.chance(n, 1) * ln({ARTISTS}::float8)))::int AS handle,
                   CASE WHEN n <= {RETIRED_AFTER} AND pg_temp.chance(n, 2) < 0.05 THEN %(rarest)s
                        ELSE (%(models)s::bigint[])[floor(exp(pg_temp.chance(n, 3) * ln(%(model_count)s::float8)))::int]
                   END AS model_id,
                   {{ratio}} AS aspect_ratio, {{tone}} AS tone, {{level}} AS level,
                   least(power(1 - pg_temp.chance(n, 7), -0.8) - 1, 50000)::int AS likes,
                   2 + 3 * pg_temp.chance(n, 8) AS stars
              FROM generate_series(%(low)s, %(high)s) n) fact
      JOIN accounts_user owner ON owner.handle = fact.handle
      JOIN (SELECT id, output_kind AS kind FROM generation_inferencemodel) model ON model.id = fact.model_id
      JOIN (SELECT n, string_agg(word, ' ' ORDER BY place) AS prompt,
                   initcap(string_agg(word, ' ' ORDER BY place) FILTER (WHERE place < 3)) AS title
              FROM (SELECT n, place,
                           floor(exp(pg_temp.chance(n * 32 + place, 9) * ln({VOCABULARY}::float8)))::int AS rank
                      FROM generate_series(%(low)s, %(high)s) n
                     CROSS JOIN LATERAL generate_series(
                           1, {PROMPT_WORDS[0]} + (pg_temp.chance(n, 10) * {PROMPT_WORDS[1] - PROMPT_WORDS[0]})::int
                           ) place
                   ) drawn JOIN scale_word USING (rank) GROUP BY n) said ON said.n = fact.n
"""  # noqa: S608  (numbers of ours)
_WORDS = """
    INSERT INTO gallery_searchentry (post_id, published_at, level, words)
    SELECT post.id, post.published_at, post.level,
           gallery_words(post.id, post.title, post.prompt, post.owner_id, post.model_id, post.aspect_ratio, post.tone)
      FROM gallery_post post JOIN scale_fact USING (code)
"""


def _batch(low: int, high: int) -> None:
    models = list(InferenceModel.objects.order_by("is_retired", "position", "pk").values_list("pk", flat=True))
    if not models:
        catalogue.sync()
        models = list(InferenceModel.objects.order_by("is_retired", "position", "pk").values_list("pk", flat=True))
    *common, rarest = models
    facts = _FACTS.format(
        ratio=_one_of(RATIO_SHARES, about=4), tone=_one_of(TONE_SHARES, about=5), level=_one_of(LEVEL_SHARES, about=6)
    )
    named = {"first": FIRST, "rarest": rarest, "models": common, "model_count": len(common), "low": low, "high": high}
    _execute(facts, named)
    _copy(_job(models[0]), "scale_fact fact ORDER BY n", **_JOB)
    _copy(_asset(), "scale_fact fact JOIN generation_job job ON job.code = fact.code ORDER BY n", **_ASSET)
    _copy(_post(), "scale_fact fact JOIN generation_asset asset ON asset.code = fact.code ORDER BY n", **_POST)
    _execute(_WORDS)


def _one_of(shares: dict[Any, int], *, about: int) -> str:
    """SQL that picks one by its share."""
    ends = itertools.accumulate(shares.values())
    cases = " ".join(f"WHEN {end / 1000} THEN '{name}'" for name, end in zip(shares, ends, strict=True))
    drawn = f"pg_temp.chance(n, {about})"
    return "CASE " + cases.replace("WHEN ", f"WHEN {drawn} < ") + " END"


def _job(model_id: int) -> Job:
    return Job(
        model_id=model_id,
        width_px=1024,
        height_px=1024,
        count=1,
        seed=1,
        form_digest="scale",
        price_credits=1,
        quote={"price_credits": 1, "count": 1, "total_credits": 1},
        state=JobState.SUCCEEDED,
        tries=1,
        turn=0,
        waiting=False,
    )


_JOB = {
    "code": "fact.code",
    "owner_id": "fact.owner_id",
    "model_id": "fact.model_id",
    "prompt_written": "fact.prompt",
    "prompt_sent": "fact.prompt",
    "aspect_ratio": "fact.aspect_ratio",
    "form_key": "'scale:' || fact.n",
    "lane": "(SELECT lane FROM generation_inferencemodel WHERE id = fact.model_id)",
    "created_at": "fact.made_at",
    "claimed_at": "fact.made_at",
    "finished_at": "fact.made_at",
    "deadline_at": "fact.made_at",
}


def _asset() -> Asset:
    return Asset(
        index=0,
        sha256="0" * 64,
        size_bytes=1,
        content_type="image/png",
        seed=1,
        moderation=Moderation.PASSED,
        visibility=Visibility.PUBLIC,
    )


def _case(column: str, values: dict[str, Any]) -> str:
    return f"CASE {column} " + " ".join(f"WHEN '{key}' THEN {value}" for key, value in values.items()) + " END"


_LOOKS = {
    "aspect_ratio": "fact.aspect_ratio",
    "width": _case("fact.aspect_ratio", {value: shape.width for value, shape in SHAPES.items()}),
    "height": _case("fact.aspect_ratio", {value: shape.height for value, shape in SHAPES.items()}),
    "tone": "fact.tone",
    "alt": "fact.prompt",
    "kind": "fact.kind",
    "model_id": "fact.model_id",
    "level": "fact.level",
    "code": "fact.code",
    "owner_id": "fact.owner_id",
}
_ASSET = {
    **_LOOKS,
    "job_id": "job.id",
    "storage_key": "'scale/' || fact.n || '.png'",
    "poster_key": f"CASE fact.kind WHEN '{OutputKind.MODEL_3D}' THEN 'scale/' || fact.n || '.poster.png' ELSE '' END",
    "color": _case("fact.tone", {tone: f"'{color}'" for tone, color in TONES.items()}),
    "created_at": "fact.made_at",
    "rendered_at": "fact.made_at",
}


def _post() -> Post:
    return Post(is_listed=True)


_POST = {
    **_LOOKS,
    "asset_id": "asset.id",
    "title": f"CASE WHEN pg_temp.chance(fact.n, 11) < {TITLED} THEN fact.title ELSE '' END",
    "prompt": "fact.prompt",
    "model_name": "(SELECT name FROM generation_inferencemodel WHERE id = fact.model_id)",
    "published_at": "fact.made_at",
    "first_published_at": "fact.made_at",
    "like_count": "fact.likes",
    "rating_count": "fact.likes / 4",
    "rating_sum": "(fact.likes / 4 * fact.stars)::int",
}


def _copy(template: Model, source: str, **own: str) -> None:
    """A row like the template for each row of `source`, but for the columns in `own`, which are SQL."""
    fields: list[Field[Any, Any]] = [
        field
        for field in template._meta.concrete_fields
        if not field.primary_key and not field.generated and (field.column in own or _is_told(field))
    ]
    told = [field for field in fields if field.column not in own]
    values = ", ".join(own.get(str(field.column), "%s") for field in fields)
    columns = ", ".join(f'"{field.column}"' for field in fields)
    _execute(
        f"INSERT INTO {template._meta.db_table} ({columns}) SELECT {values} FROM {source}",  # noqa: S608  (our names)
        [field.get_db_prep_save(getattr(template, field.attname), connection) for field in told],
    )


def _is_told(field: "Field[Any, Any]") -> bool:
    """Whether the template says it; the rest is the database's to fill in."""
    return field.db_default is NOT_PROVIDED


@contextmanager
def _triggers_asleep(*models: type[Model]) -> Iterator[None]:
    """Inside a transaction: foreign keys and plain triggers sleep in replica mode; firm ones are taken down."""
    tables = [model._meta.db_table for model in models]
    firm = _execute(
        "SELECT tgrelid::regclass::text, tgname FROM pg_trigger"
        " WHERE tgenabled = 'A' AND tgrelid = ANY (%s::text[]::regclass[])",
        [tables],
    )
    for table, name in firm:
        _execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
    _execute("SET LOCAL session_replication_role = replica")
    yield
    _execute("SET LOCAL session_replication_role = DEFAULT")
    for table, name in firm:
        _execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def _execute(sql: str, values: Any = None) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []
