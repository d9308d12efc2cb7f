"""Endpoints of sampling."""

from typing import Any

urlpatterns: list[Any] = []
