"""Doors of the staff's Replicate pages, below /admin/replicate/ and behind the admin's own door."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.urls import URLPattern, path

from generation.views import console, console_acts

app_name = "replicate"


def _page(route: str, view: Callable[..., Any]) -> URLPattern:
    return path(route, admin.site.admin_view(view), name=view.__name__)


urlpatterns = [
    _page("", console.overview),
    _page("models/", console.models),
    _page("models/<str:owner>/<str:name>/", console.model),
    _page("models/<str:owner>/<str:name>/add/", console_acts.add),
    _page("models/<str:owner>/<str:name>/versions/", console.versions),
    _page("models/<str:owner>/<str:name>/versions/<str:version>/", console_acts.version),
    _page("collections/", console.collections),
    _page("collections/<str:slug>/", console.collection),
    _page("deployments/", console.deployments),
    _page("deployments/<str:owner>/<str:name>/", console.deployment),
    _page("predictions/", console.runs),
    _page("predictions/<str:run_id>/", console.run),
    _page("trainings/", console.trainings),
    _page("trainings/<str:training_id>/", console_acts.training),
    _page("hardware/", console.hardware),
    _page("acts/<int:act_id>/", console_acts.act),
]
