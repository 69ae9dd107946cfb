"""Fill a database for measuring how pages behave at scale."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from gallery import scale


class Command(BaseCommand):
    help = "Add made-up posts, without files or credits, until there are so many. For measuring, never for a real site."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--posts", type=int, default=1_000_000)
        parser.add_argument("--yes", action="store_true", help="Also on a site with a database of its own.")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = options["posts"]
        if not 1 <= wanted <= scale.POSTS_MAX:
            raise CommandError(f"--posts is between 1 and {scale.POSTS_MAX:,}; this is {wanted:,}.")
        if not (settings.EMBEDDED or settings.DEBUG or options["yes"]):
            raise CommandError("This site has a database of its own. The posts cannot be taken out again: add --yes.")
        began = time.monotonic()
        for filled in scale.fill(posts=wanted):
            self.stdout.write(f"{filled:,} of {wanted:,} posts, {time.monotonic() - began:.0f} s")
        self.stdout.write("Done; the tables are analysed.")
