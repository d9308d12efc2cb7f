"""Endpoints of rosters."""

from typing import Any

urlpatterns: list[Any] = []
