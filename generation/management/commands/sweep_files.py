"""Does at once, and further back, what beat does each night."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from generation import orphans, public_copies


class Command(BaseCommand):
    help = "Remove files of more than a day ago that no row names."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=orphans.DAYS, help="how many days back, and all renditions")
        parser.add_argument("--many", action="store_true", help="also where they are a doubtful share of all files")

    def handle(self, *args: Any, **options: Any) -> None:
        swept = orphans.sweep(days=options["days"], all_renditions=True, many=options["many"])
        unknown = public_copies.sweep()
        self.stdout.write(f"{swept.seen} looked at, {swept.removed} removed, and {unknown} public folders.")
        for folder in swept.doubtful:
            self.stderr.write(f"{folder}: too many have no row. If the database is whole, --many removes them.")
