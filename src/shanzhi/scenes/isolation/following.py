"""Isolations follow a change of the tree (居家隔离随区划变更): care goes on with the workers of the successor."""

from shanzhi.city.places.touching import Moving

# People with their open check-ins, transfers and services.
CARED_FOR = Moving(
    (
        ("isolations", "isolation_isolation", "t.ended_at IS NULL"),
        ("slots", "isolation_slot", "t.state = 'open'"),
        ("transfers", "isolation_transfer", "t.ended_at IS NULL"),
        ("services", "isolation_service", "t.ended_at IS NULL"),
    )
)
