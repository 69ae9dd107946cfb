"""The site's settings and one more provider, which answers at once. Only the bench names this module."""

from config.settings import *  # noqa: F403  (all of them, whatever they are)
from config.settings import INSTALLED_APPS as SITE_APPS

INSTALLED_APPS = [*SITE_APPS, "bench.apps.BenchConfig"]
