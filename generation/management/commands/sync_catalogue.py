"""Writes generation/catalogue.toml into the database."""

from typing import Any

from django.core.management.base import BaseCommand

from generation import catalogue


class Command(BaseCommand):
    help = "Bring the model catalogue up to date with its file. Idempotent; staff's switches survive."

    def handle(self, *args: Any, **options: Any) -> None:
        listed, retired = catalogue.sync()
        self.stdout.write(f"{listed} models listed, {retired} retired.")
