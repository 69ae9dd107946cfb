"""Writes generation/catalogue.toml into the database."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from generation import catalogue


class Command(BaseCommand):
    help = "Bring the model catalogue up to date with its file. Idempotent; staff's switches survive."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            models, retired = catalogue.sync()
        except catalogue.BadCatalogue as error:
            raise CommandError(f"generation/catalogue.toml, {error}") from error
        self.stdout.write(f"{models} models, {retired} retired.")
