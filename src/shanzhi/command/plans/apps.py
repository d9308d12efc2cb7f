"""Django application."""

from django.apps import AppConfig


class PlansConfig(AppConfig):
    """Plans (预案)."""

    name = "shanzhi.command.plans"
    label = "plans"
    verbose_name = "预案 Plans"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Notices and screens become live with a response; histories are sealed; what is held is known."""
        from shanzhi.base.audit.sealing import register_sealed
        from shanzhi.base.retention import holdings
        from shanzhi.city.modes import parts
        from shanzhi.command.plans.erasing import HOLDING
        from shanzhi.command.plans.notices import NoticesPart
        from shanzhi.command.plans.screens import ScreensPart

        parts.register(NoticesPart())
        parts.register(ScreensPart())
        holdings.register(HOLDING)
        register_sealed(
            "plans_planevent",
            [
                "id", "version_id", "verb", "from_state", "to_state", "digest", "actor_id", "actor_name", "reason",
                "at",
            ],
        )  # fmt: skip
        register_sealed(
            "plans_objectionevent",
            [
                "id", "area", "objection_id", "verb", "from_state", "to_state", "actor_id", "actor_name", "at",
            ],
        )  # fmt: skip
