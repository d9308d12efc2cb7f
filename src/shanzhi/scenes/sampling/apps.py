"""Django application."""

from django.apps import AppConfig


class SamplingConfig(AppConfig):
    """Sampling and distribution points (采样与发放)."""

    name = "shanzhi.scenes.sampling"
    label = "sampling"
    verbose_name = "采样与发放 Sampling"
    default_auto_field = "django.db.models.BigAutoField"
