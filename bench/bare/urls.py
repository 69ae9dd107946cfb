"""The doors of the anchors."""

from django.urls import path

from bench.bare import views

urlpatterns = [
    path("hello", views.hello),
    path("cards", views.cards),
    path("select/<int:pk>", views.select),
    path("commit", views.commit),
    path("submit", views.submit),
]
