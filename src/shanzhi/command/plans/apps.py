"""Django application."""

from django.apps import AppConfig


class PlansConfig(AppConfig):
    """Plans (预案)."""

    name = "shanzhi.command.plans"
    label = "plans"
    verbose_name = "预案 Plans"
    default_auto_field = "django.db.models.BigAutoField"
