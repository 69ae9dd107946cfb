"""Every switch of the site, flat. Only this module asks the environment; docs/operating.md explains each name.

Without DATABASE_URL the site is in embedded mode: bundled PostgreSQL and Redis, DEBUG, loopback only.
"""

import os
import secrets
import sys
import tomllib
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
from celery.schedules import crontab

from config import embedded, redis_urls
from config.environment import (
    database,
    email,
    flag,
    lane_workers,
    natural,
    one_of,
    pem,
    positive,
    public_url,
    rate,
    read,
    refuse,
    three_rising,
    words,
)

# Lets Django's classes take type parameters at run time, as in ModelAdmin[Job].
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION: str = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]["version"]

# --- Where things are ------------------------------------------------------------------------------------------------

EMBEDDED = not os.environ.get("DATABASE_URL", "").strip()
VAR_DIR = Path(os.environ.get("VAR_DIR") or BASE_DIR / "var").resolve()
PORT = read("PORT", 8000, positive)
DEBUG = read("DEBUG", EMBEDDED, flag)
PUBLIC_URL = read("PUBLIC_URL", f"http://127.0.0.1:{PORT}", public_url)
ALLOWED_HOSTS = read("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"] if EMBEDDED else [], words)
TRUSTED_PROXIES = read("TRUSTED_PROXIES", 0, natural)


def embedded_secret() -> str:
    """A key made once for this VAR_DIR: sessions survive a restart, and no two copies share it."""
    path = VAR_DIR / "secret_key"
    try:
        VAR_DIR.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    except OSError as error:
        refuse(f"cannot write to {VAR_DIR}: {error.strerror}. Set VAR_DIR to a folder that you may write to.")
    return path.read_text() or refuse(f"{path} is empty. Delete it and start again.")


SECRET_KEY = os.environ.get("SECRET_KEY", "") or (embedded_secret() if EMBEDDED else "")

if not EMBEDDED:
    for name, value in {
        "SECRET_KEY": SECRET_KEY,
        "REDIS_URL": os.environ.get("REDIS_URL"),
        "ALLOWED_HOSTS": ALLOWED_HOSTS,
    }.items():
        if not value:
            refuse(f"{name} is not set. A site with its own DATABASE_URL needs it.")

# --- The application -------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "accounts",
    "gallery",
    "generation",
    "payments",
    "credits",
    "config.apps.ConfigConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.google",
    "csp",
    "django_htmx",
    "pgtrigger",
]

MIDDLEWARE = [
    "config.middleware.request_id",
    "config.middleware.error_pages",
    "config.middleware.bounded_bodies",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.guests",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.htmx_redirects",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.site",
            ],
            "builtins": [
                "django.templatetags.static",
                "django_htmx.templatetags.django_htmx",
                "config.templatetags.frame",
                "config.templatetags.show",
            ],
        },
    }
]

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

# --- Database --------------------------------------------------------------------------------------------------------

DATABASES: dict[str, dict[str, Any]] = {
    "default": read("DATABASE_URL", database(embedded.database_url(VAR_DIR)) if EMBEDDED else {}, database)
}
_options = DATABASES["default"].setdefault("OPTIONS", {})
# Nobody waits for ever behind an operator's open transaction: the request is answered 503 instead.
_options.setdefault("options", "-c lock_timeout=5s -c idle_in_transaction_session_timeout=60s")
# The role that DATABASE_URL names in production, where another one owns the tables: whom grant_app_role gives rights.
APP_DATABASE_ROLE = os.environ.get("APP_DATABASE_ROLE", "").strip()
DATABASE_POOL_MAX = read("DATABASE_POOL_MAX", 0, natural)  # set by config/wsgi.py: only web processes pool
if DATABASE_POOL_MAX:
    _options["pool"] = {"min_size": 1, "max_size": DATABASE_POOL_MAX, "timeout": 5}
else:
    DATABASES["default"] |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}

# --- Redis: broker, cache and limits have databases of their own -----------------------------------------------------

REDIS = read(
    "REDIS_URL",
    redis_urls.from_socket(embedded.redis_socket(VAR_DIR)),
    redis_urls.from_url,
)
CACHES = {
    "default": {
        "BACKEND": "config.caches.RedisCache",
        "LOCATION": REDIS.cache,
        "OPTIONS": {"socket_timeout": 5, "socket_connect_timeout": 2},
    }
}
LIMITS_URL = REDIS.limits

SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_AGE = int(timedelta(days=30).total_seconds())
SESSION_COOKIE_SAMESITE = "Lax"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- Celery: a message is only a hint, the job row is the queue of record --------------------------------------------

BROKER_VISIBILITY_SECONDS = read("BROKER_VISIBILITY_SECONDS", 3600, positive)
SWEEP_SECONDS = read("SWEEP_SECONDS", 5, positive)
CELERY_BROKER_URL = REDIS.broker
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": BROKER_VISIBILITY_SECONDS,
    "socket_timeout": 30,
    "socket_connect_timeout": 2,
}
# A request never waits for a broker that is down: the sweep finds what was not sent.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TIMEZONE = "UTC"
# A worker keeps its connection between tasks: a new one costs PostgreSQL several times what a whole job does.
# CONN_MAX_AGE and its health checks rule it, as in web processes; config/celery.py asks for them.
CELERY_DB_REUSE_MAX = sys.maxsize
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "sweep": {"task": "generation.tasks.sweep", "schedule": SWEEP_SECONDS, "options": {"expires": SWEEP_SECONDS}},
    "measure": {"task": "generation.tasks.measure", "schedule": timedelta(minutes=1), "options": {"expires": 60}},
    "audit": {"task": "credits.tasks.audit", "schedule": timedelta(hours=1), "options": {"expires": 3600}},
    # Yesterday is closed at 01:00: see credits/seals.py.
    "seal_statements": {
        "task": "credits.tasks.seal_statements",
        "schedule": crontab(hour="1", minute="5"),
    },
    "refresh_secrets": {
        "task": "generation.tasks.refresh_secrets",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3600},
    },
    "forget_bodies": {"task": "generation.tasks.forget_bodies", "schedule": crontab(hour="2", minute="15")},
    "forget_budgets": {"task": "generation.tasks.forget_budgets", "schedule": crontab(hour="2", minute="5")},
    "forget_unused": {"task": "generation.tasks.forget_unused", "schedule": crontab(hour="2", minute="15")},
    # Listing a bucket may take minutes, for which the queue of the sweep is too good.
    "sweep_files": {
        "task": "generation.tasks.sweep_files",
        "schedule": crontab(hour="3", minute="5"),
        "options": {"queue": "providers"},
    },
    "sweep_archives": {
        "task": "gallery.tasks.sweep_archives",
        "schedule": timedelta(seconds=30),
        "options": {"expires": 30},
    },
    # Deleting objects may take minutes, as listing them does.
    "empty_trash": {
        "task": "gallery.tasks.empty_trash",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3600, "queue": "providers"},
    },
    "forget_sessions": {"task": "accounts.tasks.forget_sessions", "schedule": crontab(hour="2", minute="10")},
}

# --- Files -----------------------------------------------------------------------------------------------------------

MEDIA_ROOT = VAR_DIR / "media"
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static" if EMBEDDED else BASE_DIR / "staticfiles"

S3_BUCKET = os.environ.get("S3_BUCKET", "")
S3_ACCESS_KEY_ID = os.environ.get("S3_ACCESS_KEY_ID", "")
S3_SECRET_ACCESS_KEY = os.environ.get("S3_SECRET_ACCESS_KEY", "")
S3_ENDPOINT_URL = read("S3_ENDPOINT_URL", "", public_url)
HAS_BUCKET = bool(S3_BUCKET and S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY)
# Where the bucket's folder public/ is read by everybody, through a cache; pages name it for what is public.
S3_PUBLIC_URL = read("S3_PUBLIC_URL", "", public_url)
if S3_PUBLIC_URL and not HAS_BUCKET:
    refuse("S3_PUBLIC_URL is where a bucket is read; set S3_BUCKET and its keys, or unset it.")
BUCKET = {
    "BACKEND": "config.bucket.Bucket",
    "OPTIONS": {
        "bucket_name": S3_BUCKET,
        "access_key": S3_ACCESS_KEY_ID,
        "secret_key": S3_SECRET_ACCESS_KEY,
        "endpoint_url": S3_ENDPOINT_URL or None,
        "region_name": "auto" if S3_ENDPOINT_URL else None,
    },
}
FOLDER = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"allow_overwrite": True}}
STORAGES = {
    "default": BUCKET if HAS_BUCKET else FOLDER,
    "staticfiles": {"BACKEND": "config.statics.Storage"},
}
# In embedded mode a changed stylesheet shows at once; collectstatic still runs, so that production differs in nothing.
WHITENOISE_USE_FINDERS = EMBEDDED
WHITENOISE_AUTOREFRESH = EMBEDDED  # a file that is edited while the site runs arrives whole
WHITENOISE_MAX_AGE = 0 if EMBEDDED else 60

# --- Content credentials (C2PA): on exactly when certificate and key are set ------------------------------------------

C2PA_CERTIFICATE = read("C2PA_CERTIFICATE", "", pem("CERTIFICATE"))
C2PA_PRIVATE_KEY = read("C2PA_PRIVATE_KEY", "", pem("PRIVATE KEY"))
C2PA_ALGORITHM = read(
    "C2PA_ALGORITHM", "es256", one_of("es256", "es384", "es512", "ps256", "ps384", "ps512", "ed25519")
)
if bool(C2PA_CERTIFICATE) != bool(C2PA_PRIVATE_KEY):
    missing = "C2PA_PRIVATE_KEY" if C2PA_CERTIFICATE else "C2PA_CERTIFICATE"
    refuse(f"{missing} is not set. Content credentials need a certificate and its key.")
if C2PA_CERTIFICATE and not find_spec("c2pa"):
    refuse("C2PA_CERTIFICATE is set, and c2pa is not installed: pip install -r requirements-c2pa.txt")

# --- People ----------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "accounts.adapters.SocialAccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 15 * 60  # as for verification; the pages and mails say so
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = urlsplit(PUBLIC_URL).scheme
ACCOUNT_SESSION_REMEMBER = True
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES

GOOGLE_CLIENT_ID = os.environ.get("GOOGLE_CLIENT_ID", "")
SOCIALACCOUNT_PROVIDERS = {
    "google": {
        "APPS": [{"client_id": GOOGLE_CLIENT_ID, "secret": os.environ.get("GOOGLE_CLIENT_SECRET", ""), "key": ""}]
        if GOOGLE_CLIENT_ID
        else [],
        "SCOPE": ["profile", "email"],
        "AUTH_PARAMS": {"access_type": "online"},
        "OAUTH_PKCE_ENABLED": True,
        "EMAIL_AUTHENTICATION": True,
    }
}

EMAIL_CONFIG = read("EMAIL_URL", {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}, email)
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = f"Atelier <no-reply@{urlsplit(PUBLIC_URL).hostname}>"
SERVER_EMAIL = DEFAULT_FROM_EMAIL
ADMINS = [("Staff", address) for address in words(os.environ.get("ADMINS", ""))]
EMAIL_TIMEOUT = 10

# --- The product's numbers: SPEC defaults, one home each -------------------------------------------------------------

DAILY_FREE_CREDITS = read("DAILY_FREE_CREDITS", 20, natural)
GUEST_DAILY_FREE_CREDITS = read("GUEST_DAILY_FREE_CREDITS", 10, natural)
WELCOME_CREDITS = read("WELCOME_CREDITS", 50, natural)
FREE_CREDITS_PER_ADDRESS = read("FREE_CREDITS_PER_ADDRESS", 60, natural)  # per day: guests and new accounts together
OPEN_JOBS_MAX = read("OPEN_JOBS_MAX", (1, 3, 6), three_rising)  # guest, account, account with a purchase
RATE_LIMIT_GENERATE = read("RATE_LIMIT_GENERATE", (8, 60), rate)  # requests per seconds, per address and feature
RATE_LIMIT_UPLOAD = read("RATE_LIMIT_UPLOAD", (30, 600), rate)  # reference pictures, per address
RATE_LIMIT_REACT = read("RATE_LIMIT_REACT", (120, 60), rate)  # likes, ratings, follows and collecting, per account
RATE_LIMIT_COMMENT = read("RATE_LIMIT_COMMENT", (10, 300), rate)  # comments, per account
RATE_LIMIT_REPORT = read("RATE_LIMIT_REPORT", (20, 3600), rate)  # reports and appeals, per account
STRIKE_DAYS = read("STRIKE_DAYS", 90, positive)  # how long a strike of moderation lives
TRASH_DAYS = read("TRASH_DAYS", 30, positive)  # what was deleted can be restored so long
LIBRARY_BULK_MAX = read("LIBRARY_BULK_MAX", 10_000, positive)  # pictures that one press of a bulk act takes
ARCHIVE_MAX = read("ARCHIVE_MAX", 2000, positive)  # pictures in one ZIP
ARCHIVES_OPEN_MAX = read("ARCHIVES_OPEN_MAX", 2, positive)  # per person, waiting or being packed
ARCHIVES_PACKED_AT_ONCE = read("ARCHIVES_PACKED_AT_ONCE", 1, positive)  # over all machines: pictures come first
ARCHIVE_DAYS = read("ARCHIVE_DAYS", 7, positive)  # its link works so long
DAILY_GENERATE_MAX = read("DAILY_GENERATE_MAX", (20, 100, 1000), three_rising)  # requests per UTC day, the same three
DAILY_ENHANCE_MAX = read("DAILY_ENHANCE_MAX", (10, 50, 500), three_rising)
DAILY_IDEAS_MAX = read("DAILY_IDEAS_MAX", (2, 10, 50), three_rising)
DAILY_EVOLVE_MAX = read("DAILY_EVOLVE_MAX", (1, 5, 25), three_rising)
DAILY_SCORE_MAX = read("DAILY_SCORE_MAX", (10, 50, 500), three_rising)
JOB_DEADLINE_SECONDS = read("JOB_DEADLINE_SECONDS", 900, positive)
JOB_LEASE_SECONDS = read("JOB_LEASE_SECONDS", 120, positive)
JOB_ADOPT_SECONDS = JOB_LEASE_SECONDS / 2  # a prediction that may have begun shows up so soon, or has not
JOB_COLLECT_SECONDS = max(10, JOB_LEASE_SECONDS)  # nothing renews what a worker has that asks about a prediction
JOB_ATTEMPTS_MAX = 3
# How many processes serve a lane, over all machines: what waiting times are reckoned with.
LANE_WORKERS = read("LANE_WORKERS", {"default": 1, "providers": 2, "gpu": 1}, lane_workers)
QUOTE_SECONDS = 120
PROMPT_MIN, PROMPT_MAX = 3, 1000
PICTURES_MAX = 4

# --- Providers: each is on exactly when its keys are set -------------------------------------------------------------

# Both vendors as small servers on the two ports after ours, for clicking through everything without a key.
EMULATE = read("EMULATE", False, flag)
if EMULATE and not EMBEDDED:
    refuse("EMULATE is for the bundled servers only; unset it or DATABASE_URL.")


def provider_env(name: str, emulated: str) -> str:
    """A provider's variable, or what stands for it while the vendors are emulated."""
    return os.environ.get(name, "").strip() or (emulated if EMULATE else "")


REPLICATE_API_TOKENS = words(provider_env("REPLICATE_API_TOKEN", "r8_emulated"))
REPLICATE_BASE_URL = read(
    "REPLICATE_BASE_URL", f"http://127.0.0.1:{PORT + 1}" if EMULATE else "https://api.replicate.com", public_url
)
# Without one the workers fetch it from Replicate's API. Two, comma-separated, while one replaces the other.
REPLICATE_WEBHOOK_SECRETS = words(os.environ.get("REPLICATE_WEBHOOK_SECRET", ""))
REPLICATE_FILE_HOSTS = read(
    "REPLICATE_FILE_HOSTS",
    ["127.0.0.1"] if EMULATE else ["replicate.delivery", "*.replicate.delivery"],
    words,
)
GEMINI_API_KEYS = words(provider_env("GEMINI_API_KEYS", "emulated"))
GEMINI_BASE_URL = read(
    "GEMINI_BASE_URL",
    f"http://127.0.0.1:{PORT + 2}" if EMULATE else "https://generativelanguage.googleapis.com",
    public_url,
)
GEMINI_TEXT_MODEL = os.environ.get("GEMINI_TEXT_MODEL", "").strip() or "gemini-2.5-flash"  # enhances, reads pictures
DIFFUSION_MODEL = os.environ.get("DIFFUSION_MODEL", "").strip()  # a folder, or a hub id

# --- Safety ----------------------------------------------------------------------------------------------------------


def origin(url: str) -> str:
    """Scheme, host and port: what a Content-Security-Policy names."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


_self, _none = "'self'", "'none'"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [_none],
        "script-src": [_self],
        "style-src": [_self],
        "img-src": [_self, "data:", "blob:", *([origin(S3_PUBLIC_URL)] if S3_PUBLIC_URL else [])],
        "connect-src": [_self],
        "font-src": [_self],
        "manifest-src": [_self],
        # Chromium applies form-action to the redirect after a form's post as well.
        "form-action": [_self, "https://checkout.stripe.com", "https://accounts.google.com"],
        "frame-ancestors": [_none],
        "base-uri": [_none],
        "object-src": [_none],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "config.views.csrf_failure"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
WEBHOOK_BYTES_MAX = 10_000_000
# The largest body of any request; a longer one is answered 413 before it is read. A picture and the form around it fit.
BODY_MAX = 11 * 2**20
# Uploads stay in memory, so that a broken one leaves no file behind.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = BODY_MAX

if not DEBUG and not EMBEDDED:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = read("SECURE_SSL_REDIRECT", True, flag)
    # A health check by address and a vendor's webhook must not be answered with a redirect.
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^webhooks/"]
    SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds())
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    if TRUSTED_PROXIES:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- Logs: one JSON object a line in production, plain lines on a terminal -------------------------------------------

LOG_LEVEL = read("LOG_LEVEL", "INFO", one_of("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "config.logs.RequestIdFilter"}},
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s %(request_id)s",
            "rename_fields": {"asctime": "at", "levelname": "level", "name": "logger"},
        },
        "plain": {"format": "%(asctime)s %(levelname)-7s %(name)s [%(request_id)s] %(message)s", "datefmt": "%H:%M:%S"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "plain" if EMBEDDED else "json",
            "filters": ["request_id"],
        }
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.request": {"level": "ERROR"},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        "celery": {"level": "WARNING" if EMBEDDED else "INFO"},
        "botocore": {"level": "WARNING"},
        "PIL": {"level": "WARNING"},
    },
}
