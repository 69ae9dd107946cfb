"""One call for every entry point: make sure that the bundled servers run, when this site uses them."""

from django.conf import settings

from config import embedded


def ensure() -> None:
    """Start or join the bundled PostgreSQL and Redis; does nothing when DATABASE_URL names a server.

    Exits with one line when they cannot be started.
    """
    if not settings.EMBEDDED:
        return
    try:
        embedded.ensure(settings.VAR_DIR)
    except embedded.EmbeddedError as error:
        raise SystemExit(f"atelier: {error}") from error
