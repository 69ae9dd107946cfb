"""Doors of the worker: what beat asks of people's sessions."""

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore


@shared_task(name="accounts.tasks.forget_sessions", soft_time_limit=60, time_limit=90)
def forget_sessions() -> None:
    """Drop the rows of sessions that have ended. Every visitor who asks for a picture makes one."""
    SessionStore.clear_expired()
