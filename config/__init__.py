"""Plumbing: settings, URLs, Celery, the bundled servers. Knows no app but by its name in a string."""

from config.celery import app as celery

__all__ = ["celery"]
