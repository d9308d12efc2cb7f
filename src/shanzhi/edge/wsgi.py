"""The WSGI application: the API, and the built front end from memory-mapped files."""

import gc
import os
from pathlib import Path

import dmr
from django.core.wsgi import get_wsgi_application
from whitenoise import WhiteNoise

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shanzhi.edge.settings")

_django = get_wsgi_application()

from django.conf import settings  # noqa: E402

from shanzhi.edge.exchange.channels.configuration import configure  # noqa: E402

# The composer of an order says which channels there are; only the worker sends.
configure(settings.SHANZHI_CLOCK)


def _immutable(path: str, url: str) -> bool:
    """Vite puts the hash of the content into the names under assets/."""
    return "/assets/" in url


application = WhiteNoise(_django, immutable_file_test=_immutable, max_age=60)
if settings.FRONTEND.exists():
    application.add_files(str(settings.FRONTEND), prefix="static-app/")
application.add_files(str(Path(dmr.__file__).parent / "static"), prefix="static/")

# What is loaded by now stays for ever: the collector need not walk through it again with every request.
gc.collect()
gc.freeze()
