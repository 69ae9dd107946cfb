"""The Celery application. Tasks are doors: they live in each app's tasks.py and carry ids only.

What belongs to a worker's start and end is in an app's processes.py.
"""

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, celeryd_init, task_prerun
from kombu.transport import TRANSPORT_ALIASES

# By the alias, since a `redis+socket://` address names its transport itself.
TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), "config.broker:Transport"))

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("atelier")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(related_name="processes")


@celeryd_init.connect
@beat_init.connect
def _ensure_servers(**_: Any) -> None:
    from config import servers  # noqa: PLC0415  (settings are not ready while this module loads)

    servers.ensure()


@task_prerun.connect
def _renew_connection(**_: Any) -> None:
    """A task begins as a request does: a connection that is too old or was broken is replaced."""
    from django.db import close_old_connections  # noqa: PLC0415  (settings are not ready while this module loads)

    close_old_connections()
