"""Django application."""

from django.apps import AppConfig


class StockConfig(AppConfig):
    """Stock (应急物资)."""

    name = "shanzhi.work.stock"
    label = "stock"
    verbose_name = "应急物资 Stock"
    default_auto_field = "django.db.models.BigAutoField"
