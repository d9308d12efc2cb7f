"""Endpoints of stock."""

from typing import Any

urlpatterns: list[Any] = []
