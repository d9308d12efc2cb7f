"""Django application."""

from django.apps import AppConfig


class PlacesConfig(AppConfig):
    """Divisions and grids (区划)."""

    name = "shanzhi.city.places"
    label = "places"
    verbose_name = "区划 Divisions and grids"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The journal of dated changes is sealed."""
        from shanzhi.base.audit.sealing import register_sealed

        register_sealed(
            "places_placechange",
            [
                "id", "kind", "on", "at", "actor_id", "actor_name", "reason", "summary_zh", "summary_en", "places",
                "rows", "followed", "undoes_id",
            ],
        )  # fmt: skip
