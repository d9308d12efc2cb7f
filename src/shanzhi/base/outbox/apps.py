"""Django application."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """What happened, numbered after commit (发件箱)."""

    name = "shanzhi.base.outbox"
    label = "outbox"
    verbose_name = "发件箱 What happened, numbered after commit"
    default_auto_field = "django.db.models.BigAutoField"
