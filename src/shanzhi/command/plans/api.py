"""Endpoints of plans."""

from typing import Any

urlpatterns: list[Any] = []
