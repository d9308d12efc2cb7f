"""Django application."""

from django.apps import AppConfig


class RetentionConfig(AppConfig):
    """Retention (留存)."""

    name = "shanzhi.base.retention"
    label = "retention"
    verbose_name = "保存与销毁 Retention"
    default_auto_field = "django.db.models.BigAutoField"
