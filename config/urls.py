"""All doors. URL names may point anywhere; Python imports may not."""

from django.contrib import admin
from django.urls import include, path, re_path

from config import views

urlpatterns = [
    path("", include("generation.urls")),
    path("", include("gallery.urls")),
    path("", include("credits.urls")),
    path("", include("payments.urls")),
    path("", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/gallery/moderation/", include("gallery.moderation_urls")),
    path("admin/replicate/", include("generation.console_urls")),
    path("admin/", admin.site.urls),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("robots.txt", views.robots, name="robots"),
    re_path("", views.absent),
]

handler400 = views.bad_request
handler403 = views.forbidden
handler404 = views.not_found
handler500 = views.server_error
handler429 = "accounts.views.too_many_requests"  # allauth asks for this name
