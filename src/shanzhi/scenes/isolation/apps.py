"""Django application."""

from django.apps import AppConfig


class IsolationConfig(AppConfig):
    """Home-isolation care (居家隔离) and the fenced store of contacts (密接)."""

    name = "shanzhi.scenes.isolation"
    label = "isolation"
    verbose_name = "居家隔离 Isolation"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """What was done is sealed; a response makes isolation possible; what is held of people is known."""
        from shanzhi.base.audit.sealing import register_sealed
        from shanzhi.city.modes import parts
        from shanzhi.city.places import touching
        from shanzhi.scenes.isolation import following, held
        from shanzhi.scenes.isolation.part import IsolationPart

        parts.register(IsolationPart())
        held.register_all()

        rows = following.CARED_FOR
        touching.register(
            "isolation", "居家隔离人员", "people isolated at home", rows.count, rows.follow, rows.unfollow,
            ever=rows.ever,
        )  # fmt: skip
        register_sealed(
            "isolation_isolationevent",
            [
                "id", "area", "isolation_id", "subject", "subject_id", "verb", "from_state", "to_state", "actor_id",
                "actor_name", "at",
            ],
        )  # fmt: skip
