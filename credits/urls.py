"""Doors of credits."""

from django.urls import path

from credits import views

urlpatterns = [
    path("credits", views.statement, name="credits"),
    path("transparency", views.transparency, name="transparency"),
]
