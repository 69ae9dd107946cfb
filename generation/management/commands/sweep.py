"""Does at once what beat does every few seconds and every minute."""

from typing import Any

from django.core.management.base import BaseCommand

from generation import sweeping, timing


class Command(BaseCommand):
    help = "End what is past its deadline, give back what dead workers held, send again what was lost, measure times."

    def handle(self, *args: Any, **options: Any) -> None:
        swept = sweeping.sweep()
        self.stdout.write(f"{swept.expired} past their deadline, {swept.lost} taken back, {swept.hints} sent again.")
        self.stdout.write(f"{timing.measure()} expected times changed.")
