"""Django application."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    """A message to a person: port, attempts, receipts (消息)."""

    name = "shanzhi.base.messaging"
    label = "messaging"
    verbose_name = "消息 Messages to people"
    default_auto_field = "django.db.models.BigAutoField"
