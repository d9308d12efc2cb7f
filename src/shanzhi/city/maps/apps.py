"""Django application."""

from django.apps import AppConfig


class MapsConfig(AppConfig):
    """Vector tiles of places (地图瓦片)."""

    name = "shanzhi.city.maps"
    label = "maps"
    verbose_name = "地图 Maps"
    default_auto_field = "django.db.models.BigAutoField"
