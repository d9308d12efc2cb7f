"""Django application."""

from django.apps import AppConfig


class PlacesConfig(AppConfig):
    """Divisions and grids (区划)."""

    name = "shanzhi.city.places"
    label = "places"
    verbose_name = "区划 Divisions and grids"
    default_auto_field = "django.db.models.BigAutoField"
