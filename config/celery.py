"""The Celery application. Tasks are doors: they live in each app's tasks.py and carry ids only."""

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, celeryd_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("atelier")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@celeryd_init.connect
@beat_init.connect
def _ensure_servers(**_: Any) -> None:
    from config import servers  # noqa: PLC0415  (settings are not ready while this module loads)

    servers.ensure()
