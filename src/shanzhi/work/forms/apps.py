"""Django application."""

from django.apps import AppConfig


class FormsConfig(AppConfig):
    """Forms (表单)."""

    name = "shanzhi.work.forms"
    label = "forms"
    verbose_name = "表单 Forms"
    default_auto_field = "django.db.models.BigAutoField"
