#!/usr/bin/env python
"""Django's command line. Without DATABASE_URL it starts the bundled servers for as long as the command runs."""

import os
import sys

# These look at code only, or must work before a database exists.
NEEDS_NO_SERVERS = {"check", "collectstatic", "compilemessages", "findstatic", "help", "makemessages", "version"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    from config import servers  # noqa: PLC0415

    if len(sys.argv) > 1 and sys.argv[1] not in NEEDS_NO_SERVERS and "--help" not in sys.argv:
        servers.ensure()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
