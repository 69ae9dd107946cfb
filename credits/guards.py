"""Whether every constraint, foreign key and trigger that the models declare stands in the database as declared.

A guard that was taken down, disabled, left unvalidated or replaced by a weaker one of the same name is found by name.
"""

import re
from collections.abc import Iterator
from hashlib import md5
from typing import Any

from django.apps import apps
from django.db import models

from credits.triggers import Firm

SQL = """
    SELECT wanted.name FROM (VALUES {triggers}) AS wanted (name, relation, body, hash)
     WHERE NOT EXISTS (SELECT FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
                        WHERE tgname = name AND tgrelid = to_regclass(relation) AND tgenabled = 'A' AND prosecdef
                          AND md5(regexp_replace(prosrc, '\\s', '', 'g')) = body
                          AND obj_description(pg_trigger.oid, 'pg_trigger') = hash)
    UNION ALL
    SELECT wanted.name FROM (VALUES {checks}) AS wanted (name, relation)
     WHERE NOT EXISTS (SELECT FROM pg_constraint
                        WHERE conname = name AND conrelid = to_regclass(relation) AND contype = 'c' AND convalidated)
    UNION ALL
    SELECT wanted.name FROM (VALUES {unique}) AS wanted (name, relation)
     WHERE NOT EXISTS (SELECT FROM pg_class JOIN pg_index ON indexrelid = pg_class.oid
                        WHERE relname = name AND indrelid = to_regclass(relation) AND indisunique AND indisvalid)
    UNION ALL
    SELECT relation || '.' || field FROM (VALUES {foreign}) AS wanted (field, relation)
     WHERE NOT EXISTS (SELECT FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND conkey = ARRAY[attnum]
                        WHERE conrelid = to_regclass(relation) AND attname = field AND contype = 'f' AND convalidated)
"""


def missing() -> str:
    """SQL that selects the names of declared guards which the database lacks or holds in a weaker form."""
    ours = [model for model in apps.get_models() if _is_guarded(model)]
    return SQL.format(
        triggers=_rows(row for model in ours for row in _triggers(model)),
        checks=_rows(row for model in ours for row in _constraints(model, models.CheckConstraint)),
        unique=_rows(row for model in ours for row in _constraints(model, models.UniqueConstraint)),
        foreign=_rows(row for model in ours for row in _foreign_keys(model)),
    )


def firm_triggers(model: Any) -> list[Firm]:
    return [trigger for trigger in getattr(model._meta, "triggers", []) if isinstance(trigger, Firm)]


def _is_guarded(model: Any) -> bool:
    """Those that declare guards of ours, in whichever app: jobs are guarded like transfers."""
    return bool(model._meta.constraints or firm_triggers(model)) and model._meta.managed


def _triggers(model: Any) -> Iterator[tuple[str, ...]]:
    for trigger in firm_triggers(model):
        compiled = trigger.compile(model)
        body = "{declare} BEGIN {func} END;".format(**{"declare": "", **compiled.sql.kwargs})
        digest = md5(re.sub(r"\s", "", body).encode(), usedforsecurity=False).hexdigest()
        yield trigger.get_pgid(model), model._meta.db_table, digest, compiled.hash


def _constraints(model: Any, kind: type[models.BaseConstraint]) -> Iterator[tuple[str, ...]]:
    for constraint in model._meta.constraints:
        if isinstance(constraint, kind):
            yield constraint.name, model._meta.db_table


def _foreign_keys(model: Any) -> Iterator[tuple[str, ...]]:
    for field in model._meta.concrete_fields:
        if isinstance(field, models.ForeignKey):
            yield field.column, model._meta.db_table


def _rows(rows: Iterator[tuple[str, ...]]) -> str:
    """A list of VALUES. The names are our own models', and none holds a quote."""
    return ", ".join("({})".format(", ".join(f"'{value}'" for value in row)) for row in rows)
