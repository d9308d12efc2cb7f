"""Endpoints of modes."""

from typing import Any

urlpatterns: list[Any] = []
