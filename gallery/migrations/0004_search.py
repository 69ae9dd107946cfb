"""An index for each order of each wall, and the words that a search reads."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


# Words as both sides of a search see them: without accents, signs and capitals, whatever the database's locale is.
PLAIN = r"""
    CREATE FUNCTION gallery_plain(said text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $body$
        SELECT lower(translate(
            regexp_replace(normalize(said, NFKD), '[\u0300-\u036f]+', '', 'g'),
            $signs$!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~$signs$,
            repeat(' ', 32)
        ) COLLATE "pg_c_utf8")
    $body$
"""
# Each word as it is written, for prefixes, and its stem, for its other forms. Marked with ~, which no word can hold,
# are facts of the post: a search within one artist or colour is then one intersection in the index. An era is 16,384
# posts in the order of their making: the newest that match a word are found without reading all that do.
WORDS = """
    CREATE FUNCTION gallery_words(
        id bigint, title text, prompt text, owner_id bigint, model_id bigint, aspect_ratio text, tone text
    ) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $body$
        SELECT setweight(to_tsvector('simple', gallery_plain(title)), 'A')
            || setweight(to_tsvector('english', gallery_plain(title)), 'A')
            || setweight(to_tsvector('simple', gallery_plain(prompt)), 'C')
            || setweight(to_tsvector('english', gallery_plain(prompt)), 'C')
            || format('''~artist:%s'':1A', owner_id)::tsvector
            || array_to_tsvector(array_remove(
                   ARRAY['~era:' || (id >> 14), '~model:' || model_id, '~ratio:' || aspect_ratio, '~tone:' || tone], NULL))
    $body$
"""
FILL = """
    INSERT INTO gallery_searchentry (post_id, published_at, level, words)
    SELECT id, published_at, level, gallery_words(id, title, prompt, owner_id, model_id, aspect_ratio, tone)
      FROM gallery_post WHERE is_listed
"""
# People by the beginning of a name or handle; gallery/search.py asks with the same expression.
NAMES = """
    CREATE INDEX gallery_artist_names ON accounts_user
     USING gin (to_tsvector('simple', gallery_plain(coalesce(handle, '') || ' ' || display_name))) WHERE NOT is_guest
"""


class Migration(migrations.Migration):

    dependencies = [
        ('gallery', '0003_what_posts_copy'),
        ('generation', '0007_levels_trash_and_presets'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(PLAIN, "DROP FUNCTION gallery_plain(text)"),
        migrations.RunSQL(WORDS, "DROP FUNCTION gallery_words(bigint, text, text, bigint, bigint, text, text)"),
        migrations.RunSQL(NAMES, "DROP INDEX gallery_artist_names"),
        migrations.CreateModel(
            name='SearchEntry',
            fields=[
                ('post', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='gallery.post')),
                ('published_at', models.DateTimeField()),
                ('level', models.CharField(max_length=10)),
                ('words', django.contrib.postgres.search.SearchVectorField()),
            ],
        ),
        migrations.AddIndex(
            model_name='post',
            index=models.Index(models.OrderBy(models.F('like_count'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('is_listed', True)), name='post_liked'),
        ),
        migrations.AddIndex(
            model_name='post',
            index=models.Index(models.OrderBy(models.F('rating_rank'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('is_listed', True)), name='post_rated'),
        ),
        migrations.AddIndex(
            model_name='post',
            index=models.Index(models.F('owner'), models.OrderBy(models.F('like_count'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('is_listed', True)), name='post_artist_liked'),
        ),
        migrations.AddIndex(
            model_name='post',
            index=models.Index(models.F('owner'), models.OrderBy(models.F('rating_rank'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('is_listed', True)), name='post_artist_rated'),
        ),
        migrations.AddIndex(
            model_name='post',
            index=models.Index(models.F('model'), models.OrderBy(models.F('published_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('is_listed', True)), name='post_model_new'),
        ),
        migrations.AddIndex(
            model_name='post',
            index=models.Index(models.F('model'), models.OrderBy(models.F('like_count'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('is_listed', True)), name='post_model_liked'),
        ),
        migrations.AddIndex(
            model_name='post',
            index=models.Index(models.F('model'), models.OrderBy(models.F('rating_rank'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('is_listed', True)), name='post_model_rated'),
        ),
        migrations.AddIndex(
            model_name='post',
            index=models.Index(models.F('aspect_ratio'), models.OrderBy(models.F('published_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('is_listed', True)), name='post_ratio_new'),
        ),
        migrations.AddIndex(
            model_name='post',
            index=models.Index(models.F('aspect_ratio'), models.OrderBy(models.F('like_count'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('is_listed', True)), name='post_ratio_liked'),
        ),
        migrations.AddIndex(
            model_name='post',
            index=models.Index(models.F('aspect_ratio'), models.OrderBy(models.F('rating_rank'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('is_listed', True)), name='post_ratio_rated'),
        ),
        migrations.AddIndex(
            model_name='post',
            index=models.Index(models.F('tone'), models.OrderBy(models.F('published_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('is_listed', True)), name='post_tone_new'),
        ),
        migrations.AddIndex(
            model_name='post',
            index=models.Index(models.F('tone'), models.OrderBy(models.F('like_count'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('is_listed', True)), name='post_tone_liked'),
        ),
        migrations.AddIndex(
            model_name='post',
            index=models.Index(models.F('tone'), models.OrderBy(models.F('rating_rank'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('is_listed', True)), name='post_tone_rated'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='post',
            trigger=pgtrigger.compiler.Trigger(name='keeps_search_entry', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n        IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND NOT NEW.is_listed) THEN\n            DELETE FROM gallery_searchentry WHERE post_id = OLD.id;\n        ELSIF NEW.is_listed THEN\n            INSERT INTO gallery_searchentry (post_id, published_at, level, words)\n            VALUES (NEW.id, NEW.published_at, NEW.level, gallery_words(\n                NEW.id, NEW.title, NEW.prompt, NEW.owner_id, NEW.model_id, NEW.aspect_ratio, NEW.tone))\n            ON CONFLICT (post_id) DO UPDATE SET\n                published_at = EXCLUDED.published_at, level = EXCLUDED.level, words = EXCLUDED.words;\n        END IF;\n        RETURN NULL;\n    ", hash='7dfcf04a870e057b1b1a016cd1dfcc292abb713b', operation='INSERT OR UPDATE OF "is_listed", "title", "prompt", "published_at", "level", "owner_id", "model_id", "aspect_ratio", "tone" OR DELETE', pgid='pgtrigger_keeps_search_entry_bdc8a', table='gallery_post', when='AFTER')),
        ),
        migrations.AddIndex(
            model_name='searchentry',
            index=django.contrib.postgres.indexes.GinIndex(fields=['words'], name='search_words'),
        ),
        migrations.AddIndex(
            model_name='searchentry',
            index=models.Index(models.OrderBy(models.F('published_at'), descending=True), models.OrderBy(models.F('post'), descending=True), name='search_newest'),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
