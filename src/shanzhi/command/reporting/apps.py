"""Django application."""

from django.apps import AppConfig


class ReportingConfig(AppConfig):
    """The duty log, reports upward, the course of a response and its closing (值守与报送)."""

    name = "shanzhi.command.reporting"
    label = "reporting"
    verbose_name = "值守与报送 Reporting"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Its histories are sealed; it tells retention of responses, and standing down what is open."""
        from shanzhi.base.audit.sealing import register_sealed
        from shanzhi.base.retention import subjects
        from shanzhi.city.modes import happenings, standing
        from shanzhi.command.reporting import closing, engines, facts, held, queries, timeline

        held.register_all()
        subjects.register(closing.subject, queries.retained_sight)

        standing.register("posts", "人员撤岗轮换", "People relieved", engines.open_posts)
        standing.register("stock", "物资归还", "Stock returned", engines.open_stock)
        standing.register("orders", "指令终止", "Orders ended", closing.orders)
        standing.register("sweeps", "敲门行动结束", "Sweeps ended", engines.open_sweeps)
        standing.register("sampling", "采样与发放结束", "Campaigns ended", engines.open_campaigns)
        standing.register("isolations", "居家隔离解除", "Isolations released", engines.open_isolations)
        standing.register("final-report", "终报报送", "Final report sent", closing.final_report)
        standing.register("closing-report", "总结报告签发", "Closing report signed", closing.closing_report)
        standing.register(
            "destruction", "销毁计划与日期", "Destruction planned, with its day", closing.destruction
        )

        happenings.register("response", "响应决定", "Decisions", timeline.of_response)
        happenings.register("orders", "指令", "Orders", timeline.of_orders)
        happenings.register("sweeps", "敲门行动", "Sweeps", engines.of_sweeps)
        happenings.register("sampling", "采样与发放", "Sampling and distribution", engines.of_campaigns)
        happenings.register("rosters", "值守", "Rosters", engines.of_posts)
        happenings.register("reports", "信息报送", "Reports upward", timeline.of_reports)
        happenings.register("duty", "值班日志", "Duty log", timeline.of_duty)
        happenings.register("retention", "销毁", "Destruction", timeline.of_retention)

        happenings.register_facts("response", facts.of_response)
        happenings.register_facts("orders", facts.of_orders)
        happenings.register_facts("sweeps", engines.sweep_facts)
        happenings.register_facts("sampling", engines.sampling_facts)
        happenings.register_facts("people", engines.people_facts)
        happenings.register_facts("stock", engines.stock_facts)
        happenings.register_facts("duty", facts.of_duty)

        register_sealed(
            "reporting_dutyentry",
            [
                "id", "area", "place_id", "kind", "about_id", "called_at", "caller_unit", "content", "proposal",
                "instruction", "result", "activation_id", "subject_kind", "subject_area", "subject_id",
                "subject_name", "officer_id", "officer_name", "at",
            ],
        )  # fmt: skip
        register_sealed(
            "reporting_reportevent",
            [
                "id", "report_id", "verb", "from_state", "to_state", "actor_id", "actor_name", "reason", "digest",
                "at",
            ],
        )  # fmt: skip
