"""Endpoints of isolation."""

from typing import Any

urlpatterns: list[Any] = []
