"""Django application."""

from django.apps import AppConfig


class GriddingConfig(AppConfig):
    """Division into micro-grids (微网格划分)."""

    name = "shanzhi.city.gridding"
    label = "gridding"
    verbose_name = "微网格划分 Division into micro-grids"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """A re-cut is a part of every response."""
        from shanzhi.city.gridding.parts import RecutPart
        from shanzhi.city.modes import parts

        parts.register(RecutPart())
