"""Our settings, with the URLs of a peer and Django REST framework installed."""

import os

from shanzhi.edge.settings import *  # noqa: F403
from shanzhi.edge.settings import INSTALLED_APPS

PEER = os.environ["BENCH_PEER"]
ROOT_URLCONF = f"bench.http_peers.{PEER}"
WSGI_APPLICATION = "bench.http_peers.wsgi.application"
if PEER == "drf":
    INSTALLED_APPS = [*INSTALLED_APPS, "rest_framework"]
    MIDDLEWARE = []
    REST_FRAMEWORK = {"UNAUTHENTICATED_USER": None, "DEFAULT_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer"
    ]}  # fmt: skip
else:
    MIDDLEWARE = []
