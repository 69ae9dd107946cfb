"""The site with one more door, as a later version has it: its limit gets a bar by the door's name alone."""

from django.urls import include, path

from config.views import healthz

urlpatterns = [path("lab/score", healthz, name="lab_score"), path("", include("config.urls"))]
