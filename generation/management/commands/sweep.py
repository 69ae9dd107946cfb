"""Does at once what beat does every few seconds."""

from typing import Any

from django.core.management.base import BaseCommand

from generation import sweeping


class Command(BaseCommand):
    help = "End jobs past their deadline, give back jobs whose worker died, and send again what the broker lost."

    def handle(self, *args: Any, **options: Any) -> None:
        swept = sweeping.sweep()
        self.stdout.write(f"{swept.expired} past their deadline, {swept.lost} taken back, {swept.hints} sent again.")
