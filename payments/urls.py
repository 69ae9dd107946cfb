"""Doors of buying."""

from django.urls import path

from payments import views

urlpatterns = [path("pricing", views.pricing, name="pricing")]
