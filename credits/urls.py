"""Doors of credits."""

from django.urls import path

from credits import views

urlpatterns = [
    path("credits", views.statement, name="credits"),
    path("credits/statement.csv", views.table, name="credits_table"),
    path("credits/statement.json", views.whole, name="credits_whole"),
    path("credits/verify_statement.py", views.verifier, name="credits_verifier"),
    path("transparency", views.transparency, name="transparency"),
]
