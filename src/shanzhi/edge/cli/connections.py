"""How the database is reached (连接): the URLs of the three roles, and what Django makes of one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from psycopg.conninfo import make_conninfo

DATABASE = "shanzhi"
_LIBPQ = {"sslmode", "sslrootcert", "sslcert", "sslkey", "target_session_attrs"}
PORT = 5432  # only names the socket file: the server does not listen on the network


@dataclass(frozen=True)
class Connections:
    """Connection URLs of the three roles."""

    owner_url: str
    app_url: str
    auditor_url: str


def django_database(url: str) -> dict[str, Any]:
    """One entry of Django's DATABASES from a postgresql:// URL, sockets (``?host=``) included."""
    parts = urlsplit(url)
    options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    host = options.pop("host", "") or unquote(parts.hostname or "")
    port = options.pop("port", "") or str(parts.port or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or DATABASE,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": port,
        "OPTIONS": options,
    }


def conninfo(database: dict[str, Any], **more: Any) -> str:
    """What libpq needs for a connection of our own beside Django's, from an entry of DATABASES."""
    kept = {key: value for key, value in database.get("OPTIONS", {}).items() if key in _LIBPQ}
    return make_conninfo(
        dbname=database["NAME"],
        user=database["USER"],
        password=database["PASSWORD"],
        host=database["HOST"],
        port=database["PORT"],
        **kept,
        **more,
    )


def read_connections(root: Path) -> Connections | None:
    """The URLs of the last start, or None; does not look whether the server still runs."""
    try:
        found = json.loads((root / ".shanzhi" / "connections.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return Connections(found["owner"], found["app"], found["auditor"])


def role_url(role: str, password: str, socket: Path) -> str:
    return f"postgresql://{role}:{quote(password)}@/{DATABASE}?host={quote(str(socket), safe='')}&port={PORT}"
