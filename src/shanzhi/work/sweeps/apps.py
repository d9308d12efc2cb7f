"""Django application."""

from django.apps import AppConfig


class SweepsConfig(AppConfig):
    """Sweeps (敲门行动)."""

    name = "shanzhi.work.sweeps"
    label = "sweeps"
    verbose_name = "敲门行动 Sweeps"
    default_auto_field = "django.db.models.BigAutoField"
