"""The bench: what the site costs, beside what bare Django and bare Celery cost in the same run. See README.md."""
