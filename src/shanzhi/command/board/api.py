"""Endpoints of board."""

from typing import Any

urlpatterns: list[Any] = []
