"""Stores and requests follow a change of the tree (物资随区划变更)."""

from shanzhi.city.places.touching import Moving

STORES = Moving(
    (
        ("stores", "stock_store", "t.closed_at IS NULL"),
        ("requests", "stock_request", "t.state IN ('asked', 'approved', 'issued')"),
    )
)
