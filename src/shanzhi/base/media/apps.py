"""Django application."""

from django.apps import AppConfig


class MediaConfig(AppConfig):
    """Photos and files by hash (附件)."""

    name = "shanzhi.base.media"
    label = "media"
    verbose_name = "附件 Photos and files by hash"
    default_auto_field = "django.db.models.BigAutoField"
