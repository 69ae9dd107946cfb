"""Django with nothing in it: no middleware, no app, one database whose connections stay open."""

import os
from pathlib import Path
from typing import Any

SECRET_KEY = "bare"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "bench.bare.urls"
USE_TZ = True
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "bare",
        "USER": "atelier",
        "HOST": os.environ["BARE_HOST"],
        "PORT": os.environ["BARE_PORT"],
        "CONN_MAX_AGE": None,
    }
}
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).resolve().parent / "templates"],
    }
]
