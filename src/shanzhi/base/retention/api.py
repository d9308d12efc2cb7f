"""Endpoints of retention."""

from typing import Any

urlpatterns: list[Any] = []
