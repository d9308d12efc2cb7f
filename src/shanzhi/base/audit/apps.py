"""Django application."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Security log and sealing (审计)."""

    name = "shanzhi.base.audit"
    label = "audit"
    verbose_name = "审计 Security log and sealing"
    default_auto_field = "django.db.models.BigAutoField"
