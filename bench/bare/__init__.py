"""The anchors: the least that Django, PostgreSQL and Celery do the same things with. Imports nothing of the site."""
