"""Doors of buying. So far only the page that says what credits are."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def pricing(request: HttpRequest) -> HttpResponse:
    guest, account, customer = settings.OPEN_JOBS_MAX
    limits = [
        ("Generations", *settings.DAILY_GENERATE_MAX),
        ("Jobs open at once", guest, account, customer),
        ("Free credits", settings.GUEST_DAILY_FREE_CREDITS, settings.DAILY_FREE_CREDITS, settings.DAILY_FREE_CREDITS),
    ]
    return render(request, "payments/pricing.html", {"limits": limits})
