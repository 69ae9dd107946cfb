"""Fill a fresh site with a small lived-in gallery. Idempotent: does nothing where there are people or posts."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import demo_gallery
from credits import audit


class Command(BaseCommand):
    help = "Makes five artists and their pictures on an empty site, through jobs and ledger. Refused in production."

    def handle(self, *args: Any, **options: Any) -> None:
        if not demo_gallery.is_allowed():
            raise CommandError("seed_demo is for a laptop: this site has a database of its own and DEBUG is off.")
        plan = demo_gallery.plan()
        if not demo_gallery.is_wanted(plan):
            self.stdout.write("There are people or posts already, so nothing was added.")
            return
        self.stdout.write(f"Painting {len(plan.pictures)} pictures for the gallery ...")
        shown = demo_gallery.seed(plan, painters=max(2, min(4, os.cpu_count() or 2)))
        self.stdout.write(f"The gallery shows {shown} pictures by {len(plan.artists)} artists.")
        audit.record()  # so that the open books have something to show before beat's first hour is over
