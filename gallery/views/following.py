"""The wall of those whom one follows. To htmx a further page is its tiles alone."""

from urllib.parse import urlencode

from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.http import Request
from gallery import artists, feed, reactions
from gallery.views.doors import answering, member


@require_safe
@never_cache
@answering
def following(request: Request) -> HttpResponseBase:
    after = request.GET.get("after", "")
    user = member(request, back=reverse("following"))
    page = feed.of_followed(follower_id=user.pk, after=after, levels=artists.levels_for(user))
    reactions.mark(page.items, user_id=user.pk)
    next_url = f"{request.path}?{urlencode({'after': page.after})}" if page.after else ""
    template = "gallery/partials/following_more.html" if request.htmx else "gallery/following.html"
    response = render(request, template, {"page": page, "next_url": next_url, "is_first": not after})
    patch_vary_headers(response, ["HX-Request"])
    return response
