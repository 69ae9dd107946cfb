"""Today's limits: a page of their own, and to htmx the part of it that other apps' pages show by its URL alone."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from config import throttle
from config.http import Request
from generation import access, limits, prompts
from generation.access import Feature, Tier


@dataclass(frozen=True)
class Line:
    """A feature as the page lists it. `door` names the URL without which the site does not have it."""

    label: str
    door: str
    today: limits.Used


# What is counted, and by which door's URL name one knows that this site has it.
LISTED = {
    Feature.GENERATE: ("Generations", "generate"),
    Feature.ENHANCE: ("Enhancements", "enhance"),
    Feature.IDEAS: ("Ideas", "lab_ideas"),
    Feature.EVOLVE: ("Evolutions", "lab_evolve"),
    Feature.SCORE: ("Scores", "lab_score"),
}


@require_safe
@never_cache
@vary_on_headers("HX-Request")
def page(request: Request) -> HttpResponse:
    """What is left of today, for whoever asks: two queries for an account, one for a guest, none for nobody."""
    user = request.user
    tier = access.tier(owner_id=user.pk, is_guest=not user.is_authenticated)
    today = limits.today([*LISTED], owner_id=user.pk, tier=tier)
    context = {
        "lines": [Line(label, _door(feature, door), today[feature]) for feature, (label, door) in LISTED.items()],
        "seconds_left": throttle.seconds_left_today(),
        "is_guest": tier is Tier.GUEST,
        "is_highest": tier is Tier.CUSTOMER,
        "open_max": access.open_jobs_max(tier),
        "rate": settings.RATE_LIMIT_GENERATE,
        "uploads": settings.RATE_LIMIT_UPLOAD,
        "address_credits": settings.FREE_CREDITS_PER_ADDRESS,
    }
    return render(request, f"generation/{'partials/' if request.htmx else ''}limits.html", context)


def _door(feature: Feature, name: str) -> str:
    """An enhancement has a door, but nobody behind it where no language model is set up."""
    return "" if feature is Feature.ENHANCE and not prompts.available() else name
