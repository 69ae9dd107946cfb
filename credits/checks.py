"""The system check of the database role, for `check --deploy --database default`."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004

from credits import roles


@register(Tags.database, deploy=True)
def role_owns_no_tables(**options: Any) -> list[CheckMessage]:
    """An owner can take triggers down. Asked only where a database is named: the other checks run without one."""
    if not settings.EMBEDDED and options.get("databases") and roles.owns_tables():
        hint = "Let migrations run as the owner and the site as a role of its own: docs/operating.md."
        return [Warning("The site's database role owns the ledger's tables.", hint=hint, id="atelier.W005")]
    return []
