"""Django application."""

from django.apps import AppConfig


class RostersConfig(AppConfig):
    """Rosters (值班值守)."""

    name = "shanzhi.work.rosters"
    label = "rosters"
    verbose_name = "值班值守 Rosters"
    default_auto_field = "django.db.models.BigAutoField"
