"""Doors of the staff's moderation queue, below /admin/gallery/moderation/ and behind the admin's own door."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.urls import URLPattern, path

from gallery.views import moderation

app_name = "moderation"


def _page(route: str, view: Callable[..., Any]) -> URLPattern:
    return path(route, admin.site.admin_view(view), name=view.__name__)


urlpatterns = [
    _page("", moderation.queue),
    _page("art/<uuid:code>/", moderation.art),
    _page("comments/<uuid:code>/", moderation.comment),
    _page("appeals/<uuid:code>/", moderation.appeal),
    _page("decisions/<uuid:code>/restore", moderation.restore),
    _page("files/<uuid:code>", moderation.file),
]
