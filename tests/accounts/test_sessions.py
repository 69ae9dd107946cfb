"""Sessions in the database: they outlive Redis, and not their end."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts import tasks

pytestmark = pytest.mark.django_db


def test_only_sessions_that_have_ended_are_forgotten() -> None:
    now = timezone.now()
    for key, ends in (("over", now - timedelta(minutes=1)), ("open", now + timedelta(days=1))):
        Session.objects.create(session_key=key, session_data="", expire_date=ends)
    tasks.forget_sessions()
    assert Session.objects.get().session_key == "open"
