"""Starts the bundled PostgreSQL and Redis for a test run, before Django's settings load (`-p tests.servers`).

Each pytest-xdist worker has a VAR_DIR, hence servers, of its own: one worker's flush never empties another's queue.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")

for name in ("DATABASE_URL", "REDIS_URL", "DEBUG", "S3_BUCKET", "S3_PUBLIC_URL"):
    os.environ.pop(name, None)
os.environ["VAR_DIR"] = str(Path(os.environ.get("TEST_VAR_DIR", ROOT / "var/test")) / WORKER)
os.environ.setdefault("EMAIL_URL", "memorymail://")
# Playwright's sync API leaves an event loop running, which Django would take for an async context.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

from config import servers  # noqa: E402  (after the environment it reads)

servers.ensure()
