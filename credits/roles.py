"""What the application's database role may do: everything it needs and nothing that could rewrite the ledger.

It owns nothing, so it cannot take a guard down; what triggers refuse to everybody it is not even granted.
"""

from collections.abc import Iterator
from typing import Any

import pgtrigger
from django.apps import apps
from django.db import connection

from credits import errors, guards
from credits.models import Wallet
from credits.triggers import Firm

EVERYTHING = ("SELECT", "INSERT", "UPDATE", "DELETE")
# Triggers write balances, with their owner's rights. A row lock needs UPDATE on some column: this one does no harm.
WALLET = ("SELECT", "INSERT", "UPDATE (topped_up_on)")
MIGRATIONS = "django_migrations"
FITNESS = """
    SELECT rolsuper, EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
                                AND pg_has_role(pg_roles.oid, relowner, 'MEMBER'))
      FROM pg_roles WHERE rolname = %s
"""


def statements(role: str) -> list[str]:
    """The SQL that gives `role` its rights, on what is there and on what later migrations make. Safe to run again."""
    name = quoted(role)
    lines = [
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {name}",
        f"GRANT USAGE ON SCHEMA public TO {name}",
        f"GRANT {', '.join(EVERYTHING)} ON ALL TABLES IN SCHEMA public TO {name}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {', '.join(EVERYTHING)} ON TABLES TO {name}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {name}",
    ]
    for table, rights in _narrow():
        lines += [f"REVOKE ALL ON {table} FROM {name}", f"GRANT {', '.join(rights)} ON {table} TO {name}"]
    return lines


def quoted(role: str) -> str:
    """Django's `quote_name` is for its own names: it leaves quotes inside of one as they are."""
    return '"{}"'.format(role.replace('"', '""'))


def grant(*, role: str) -> None:
    """Give `role` its rights, as the tables' owner, inside the caller's transaction.

    Raises NotOwner, NoSuchRole, UnfitRole.
    """
    if not owns_tables():
        raise errors.NotOwner
    with connection.cursor() as cursor:
        cursor.execute(FITNESS, [role])
        found = cursor.fetchone()
        if found is None:
            raise errors.NoSuchRole(role=role)
        is_superuser, owns = found
        if is_superuser or owns:
            raise errors.UnfitRole(role=role, is_superuser=is_superuser)
        for statement in statements(role):
            cursor.execute(statement)


def owns_tables() -> bool:
    """Whether the site's own connection could take the ledger's guards down."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass(%s)",
            [Wallet._meta.db_table],
        )
        row = cursor.fetchone()
    return bool(row and row[0])


def _narrow() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Tables with fewer rights: the wallets, and whatever a guard keeps from being changed or deleted by anybody."""
    yield MIGRATIONS, ("SELECT",)
    yield Wallet._meta.db_table, WALLET
    models: list[Any] = list(apps.get_models())
    for model in models:
        refused = {right for trigger in guards.firm_triggers(model) for right in _refused(trigger)}
        if refused and model is not Wallet:
            yield model._meta.db_table, tuple(right for right in EVERYTHING if right not in refused)


def _refused(trigger: Firm) -> list[str]:
    """UPDATE or DELETE, where the trigger refuses it whatever the row."""
    always = trigger.condition is None and str(trigger.func).strip().startswith("RAISE EXCEPTION")
    whole = (pgtrigger.Update, pgtrigger.Delete)
    kinds = str(trigger.operation).split(" OR ")
    return [str(kind) for kind in whole if always and str(kind) in kinds]
