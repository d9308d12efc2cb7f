"""Endpoints of sweeps."""

from typing import Any

urlpatterns: list[Any] = []
