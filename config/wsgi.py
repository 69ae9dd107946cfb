"""The WSGI application that granian serves. Only web processes keep a pool of database connections."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("DATABASE_POOL_MAX", "8")

from django.core.wsgi import get_wsgi_application

from config import servers

servers.ensure()
application = get_wsgi_application()
