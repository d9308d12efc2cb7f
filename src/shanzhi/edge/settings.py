"""Settings of the program. Everything that differs between cities comes from the environment."""

import os
import secrets
from pathlib import Path

from shanzhi.core.kit.clock import FileClock, SystemClock
from shanzhi.edge.cli.connections import django_database, read_connections

ROOT = Path(os.environ.get("SHANZHI_ROOT") or Path.cwd())
STATE = ROOT / ".shanzhi"
_PROJECT = Path(__file__).resolve().parents[3]
FRONTEND = Path(os.environ.get("SHANZHI_FRONTEND") or _PROJECT / "frontend" / "dist")
PACKS = Path(os.environ.get("SHANZHI_PACKS") or _PROJECT / "packs")


def _database_url() -> str:
    if url := os.environ.get("DATABASE_URL"):
        return url
    found = read_connections(ROOT)
    return found.app_url if found else "postgresql:///shanzhi"


def _key(name: str) -> str:
    """A secret of this installation: from the environment, else made once and kept under `.shanzhi`."""
    if value := os.environ.get(f"SHANZHI_{name.upper()}"):
        return value
    path = STATE / f"{name}.txt"
    STATE.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as made:
            made.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text("ascii")


SECRET_KEY = _key("secret_key")
SHANZHI_SEAL_KEY = _key("seal_key")
SHANZHI_FIELD_KEY = _key("field_key")
SHANZHI_FOLLOW_KEY = _key("follow_key")
DEBUG = False
ALLOWED_HOSTS = os.environ.get("SHANZHI_HOSTS", "127.0.0.1,localhost,[::1],testserver").split(",")
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("SHANZHI_ORIGINS", "").split(",") if origin]

INSTALLED_APPS = [
    "procrastinate.contrib.django",
    "django.contrib.staticfiles",
    "dmr",
    "shanzhi.base.outbox",
    "shanzhi.base.clocks",
    "shanzhi.base.audit",
    "shanzhi.base.media",
    "shanzhi.base.messaging",
    "shanzhi.base.retention",
    "shanzhi.city.places",
    "shanzhi.city.compounds",
    "shanzhi.city.modes",
    "shanzhi.city.maps",
    "shanzhi.city.gridding",
    "shanzhi.city.people",
    "shanzhi.city.cards",
    "shanzhi.city.partners",
    "shanzhi.city.surge",
    "shanzhi.work.catalogue",
    "shanzhi.work.cases",
    "shanzhi.work.orders",
    "shanzhi.work.forms",
    "shanzhi.work.sweeps",
    "shanzhi.work.rosters",
    "shanzhi.work.stock",
    "shanzhi.scenes.isolation",
    "shanzhi.scenes.sampling",
    "shanzhi.command.plans",
    "shanzhi.command.reporting",
    "shanzhi.command.drills",
    "shanzhi.edge",
]
AUTH_USER_MODEL = "people.Account"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MIDDLEWARE = [
    "shanzhi.edge.api.headers.SecurityHeaders",
    "shanzhi.edge.api.authentication.ActorMiddleware",
]
ROOT_URLCONF = "shanzhi.edge.api.urls"
APPEND_SLASH = False
WSGI_APPLICATION = "shanzhi.edge.wsgi.application"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
STATIC_URL = "/static/"

DATABASES = {
    "default": {
        **django_database(_database_url()),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
    }
}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
TIME_ZONE = os.environ.get("SHANZHI_TIME_ZONE", "Asia/Shanghai")
USE_TZ = True

SESSION_COOKIE_NAME = "shanzhi_session"
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = os.environ.get("SHANZHI_HTTPS") == "1"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE
CSRF_HEADER_NAME = "HTTP_X_CSRFTOKEN"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SESSION_COOKIE_SECURE else None

DATA_UPLOAD_MAX_MEMORY_SIZE = 13 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"

DMR_SETTINGS = {"validate_responses": False}

# A replay names a file that tells its simulated time.
_CLOCK_FILE = os.environ.get("SHANZHI_CLOCK_FILE")
SHANZHI_CLOCK = FileClock(Path(_CLOCK_FILE)) if _CLOCK_FILE else SystemClock()
SHANZHI_MEDIA_DIR = Path(os.environ.get("SHANZHI_MEDIA") or STATE / "media")
SHANZHI_TILES_DIR = Path(os.environ.get("SHANZHI_TILES") or STATE / "tiles")
SHANZHI_PUSH_URL = os.environ.get("SHANZHI_PUSH_URL", "")
# Where phones hand in receipts, without the kind: https://city.example/api/intake
SHANZHI_INTAKE_URL = os.environ.get("SHANZHI_INTAKE_URL", "").rstrip("/")
# A key of the city's own for the national base map (天地图); without it maps are drawn without a base.
SHANZHI_TIANDITU_KEY = os.environ.get("SHANZHI_TIANDITU_KEY", "")
# The address under which residents reach the program, for QR codes on paper; empty: that of the request.
SHANZHI_PUBLIC_URL = os.environ.get("SHANZHI_PUBLIC_URL", "").rstrip("/")
SHANZHI_HOTLINE = os.environ.get("SHANZHI_HOTLINE", "12345")
SHANZHI_IDLE_MINUTES = 30
# The channels to people outside: JSON, or the path of a YAML file; see docs/deploy/channels.md.
SHANZHI_CHANNELS = os.environ.get("SHANZHI_CHANNELS", "")
# After so many days addresses and replies are erased.
SHANZHI_MESSAGE_DAYS = int(os.environ.get("SHANZHI_MESSAGE_DAYS", "30"))
# Off only behind a gateway that keeps rates itself: there every visitor has the same address.
SHANZHI_ANONYMOUS_RATES = os.environ.get("SHANZHI_ANONYMOUS_RATES", "1") == "1"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(name)s %(levelname)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "django.request": {"handlers": ["console"], "level": "ERROR", "propagate": False},
        # It warns of our own entry point, which imports its tasks by their module names as it should.
        "procrastinate.blueprints": {"level": "ERROR"},
    },
}
