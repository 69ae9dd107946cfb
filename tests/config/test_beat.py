"""What beat sends, somebody does."""

from celery import current_app
from django.conf import settings


def test_every_scheduled_task_has_a_worker_that_knows_it() -> None:
    current_app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert len(scheduled) >= 6
    assert scheduled <= set(current_app.tasks)
