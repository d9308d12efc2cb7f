"""Django application."""

from django.apps import AppConfig


class ClocksConfig(AppConfig):
    """Due times as rows (时钟)."""

    name = "shanzhi.base.clocks"
    label = "clocks"
    verbose_name = "时钟 Due times as rows"
    default_auto_field = "django.db.models.BigAutoField"
