"""Room on each page for new versions of a wallet, and an early vacuum: a bloated hot wallet ran at a third of its speed.

No index covers what changes on a wallet, so with room on the page its updates stay heap-only.
"""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ("credits", "0001_wallets_and_transfers"),
    ]

    operations = [
        migrations.RunSQL(
            """
            ALTER TABLE credits_wallet SET (
                fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000
            )
            """,
            """
            ALTER TABLE credits_wallet RESET (
                fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold
            )
            """,
        ),
    ]
