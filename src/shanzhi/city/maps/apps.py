"""Django application."""

from django.apps import AppConfig


class MapsConfig(AppConfig):
    """Vector tiles of places (地图瓦片)."""

    name = "shanzhi.city.maps"
    label = "maps"
    verbose_name = "地图 Maps"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tiles are drawn anew where places or compounds have changed."""
        from shanzhi.city.maps import jobs
        from shanzhi.city.places import touching

        touching.redraws(jobs.ask)
