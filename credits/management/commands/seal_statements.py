"""Does at once what beat does every night."""

from typing import Any

from django.core.management.base import BaseCommand

from credits import checkpoints


class Command(BaseCommand):
    help = "Close every UTC day that is over: one checkpoint for each owner and day with transfers."

    def handle(self, *args: Any, **options: Any) -> None:
        done = checkpoints.seal_all()
        self.stdout.write(f"{done.days} days of {done.owners} owners sealed, {done.busy} owners were busy.")
