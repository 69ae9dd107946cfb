"""Doors to one's own account; sign-in and its kin are included beside these."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("settings", views.settings, name="settings"),
    path("settings/content", views.content, name="settings_content"),
]
