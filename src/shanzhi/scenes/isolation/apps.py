"""Django application."""

from django.apps import AppConfig


class IsolationConfig(AppConfig):
    """Home-isolation care (居家隔离) and the fenced store of contacts (密接)."""

    name = "shanzhi.scenes.isolation"
    label = "isolation"
    verbose_name = "居家隔离 Isolation"
    default_auto_field = "django.db.models.BigAutoField"
