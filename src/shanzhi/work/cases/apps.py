"""Django application of cases."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """One matter to resolve (案件)."""

    name = "shanzhi.work.cases"
    label = "cases"
    verbose_name = "案件 Cases"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The history of cases is sealed; a change of the tree says how many open cases it touches."""
        from shanzhi.base.audit.sealing import register_sealed
        from shanzhi.city.modes import parts
        from shanzhi.city.places import touching
        from shanzhi.work.cases import held, lists
        from shanzhi.work.cases.parts import LimitsPart

        parts.register(LimitsPart())

        held.register_all()
        # Cases stay where they happened: a place that ended lies under its successor, who sees them.
        touching.register("cases", "在办案件", "open cases", lists.open_in, ever=lists.ever_at)

        register_sealed(
            "cases_caseevent",
            [
                "id", "area", "case_id", "sequence", "verb", "from_state", "to_state", "actor_id", "actor_name",
                "unit_id", "named_unit_id", "named_account_id", "named_case_id", "named_condition_id", "until_at",
                "note", "public", "at",
            ],
        )  # fmt: skip
