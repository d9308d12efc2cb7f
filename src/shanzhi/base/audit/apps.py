"""Django application."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The security log and the seals (审计)."""

    name = "shanzhi.base.audit"
    label = "audit"
    verbose_name = "审计 Audit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The security log seals itself."""
        from shanzhi.base.audit.sealing import register_sealed

        register_sealed(
            "audit_auditentry",
            ["id", "area", "actor_id", "actor_name", "channel", "event", "subject", "detail", "at"],
        )
