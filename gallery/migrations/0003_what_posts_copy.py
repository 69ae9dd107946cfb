"""What rows of earlier releases lack: a post's model and kind, an asset's level, an artist's count of posts."""

from django.db import migrations

POSTS = """
    UPDATE gallery_post post SET model_id = COALESCE(asset.model_id, job.model_id), kind = asset.kind
      FROM generation_asset asset JOIN generation_job job ON job.id = asset.job_id
     WHERE asset.id = post.asset_id
"""
LEVELS = """
    UPDATE generation_asset asset SET level = post.level
      FROM gallery_post post
     WHERE post.asset_id = asset.id AND asset.level <> post.level
       AND (post.level <> 'refused' OR asset.visibility = 'private')
"""
ARTISTS = """
    INSERT INTO gallery_artist (owner_id, post_count)
    SELECT owner_id, count(*) FROM gallery_post WHERE is_listed GROUP BY owner_id
        ON CONFLICT (owner_id) DO UPDATE SET post_count = EXCLUDED.post_count
"""


class Migration(migrations.Migration):

    dependencies = [
        ('gallery', '0002_doing'),
    ]

    operations = [migrations.RunSQL(sql, migrations.RunSQL.noop) for sql in (POSTS, LEVELS, ARTISTS)]
