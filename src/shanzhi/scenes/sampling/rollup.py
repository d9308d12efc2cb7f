"""The board of a campaign (看板汇总): one set for all points and places, not a count a row; at most 3 s old."""

from datetime import datetime

from django.db import connection, transaction

from shanzhi.base.rows import in_sets
from shanzhi.scenes.sampling import slots
from shanzhi.scenes.sampling.flow import ISSUED
from shanzhi.scenes.sampling.models import Campaign

EVERY_SECONDS = 2.0
LOCK = 0x73616D72  # "samr"
# Under way or over for less than an hour, and something came since, or a minute has passed (a slot may have begun).
_STALE = """
SELECT g.id FROM sampling_campaign g
WHERE (g.state = %(issued)s OR g.ended_at >= %(at)s - interval '1 hour') AND g.destroyed_at IS NULL AND (
  g.rolled_at IS NULL OR g.rolled_at <= %(at)s - interval '60 seconds'
  OR g.results_at >= g.rolled_at OR g.planned_at >= g.rolled_at
  OR EXISTS (SELECT 1 FROM sampling_act a WHERE a.campaign_id = g.id
    AND a.received_at >= g.rolled_at - interval '10 seconds'))
ORDER BY g.rolled_at NULLS FIRST, g.id
"""
_POINTS = """
WITH plan AS (
  SELECT point_id, sum(doors) AS doors, sum(doors) FILTER (WHERE slot < %(begun)s) AS due
  FROM sampling_allocation WHERE campaign_id = %(campaign)s GROUP BY point_id
), came AS (
  SELECT point_id, table_no, sum(people) AS come,
    sum(people) FILTER (WHERE happened_at > %(at)s - interval '1 hour') AS hour, max(happened_at) AS last_at
  FROM sampling_act WHERE campaign_id = %(campaign)s AND what = 'check_in' AND NOT is_retest
  GROUP BY GROUPING SETS ((point_id), (point_id, table_no))
), lines AS (
  SELECT DISTINCT ON (point_id) point_id, people, happened_at FROM sampling_act
  WHERE campaign_id = %(campaign)s AND what = 'queue' AND happened_at > %(at)s - interval '15 minutes'
  ORDER BY point_id, happened_at DESC, id DESC
), tubes AS (
  SELECT point_id, table_no, count(*) FILTER (WHERE state = 'open') AS open,
    count(*) FILTER (WHERE state = 'closed') AS closed, count(*) FILTER (WHERE state = 'handed') AS handed,
    count(*) FILTER (WHERE result_at IS NOT NULL) AS told
  FROM sampling_tube WHERE campaign_id = %(campaign)s GROUP BY GROUPING SETS ((point_id), (point_id, table_no))
), tables AS (
  SELECT p.id AS point_id, n.n AS table_no FROM sampling_point p
  JOIN LATERAL generate_series(0, p.tables) AS n (n) ON TRUE WHERE p.campaign_id = %(campaign)s
  UNION SELECT point_id, coalesce(table_no, 0) FROM came
  UNION SELECT point_id, coalesce(table_no, 0) FROM tubes
)
INSERT INTO sampling_pointcount (campaign_id, point_id, table_no, planned, planned_now, come, hour, waiting,
  waiting_at, tubes_open, tubes_closed, tubes_handed, tubes_told, last_at, at)
SELECT %(campaign)s, t.point_id, t.table_no,
  CASE WHEN t.table_no = 0 THEN round(coalesce(plan.doors, 0) * %(home)s) ELSE 0 END,
  CASE WHEN t.table_no = 0 THEN round(coalesce(plan.due, 0) * %(home)s) ELSE 0 END,
  coalesce(came.come, 0), coalesce(came.hour, 0),
  CASE WHEN t.table_no = 0 THEN lines.people END, CASE WHEN t.table_no = 0 THEN lines.happened_at END,
  coalesce(tubes.open, 0), coalesce(tubes.closed, 0), coalesce(tubes.handed, 0), coalesce(tubes.told, 0),
  came.last_at, %(at)s
FROM tables t
LEFT JOIN plan ON plan.point_id = t.point_id
LEFT JOIN lines ON lines.point_id = t.point_id
LEFT JOIN came ON came.point_id = t.point_id AND coalesce(came.table_no, 0) = t.table_no
LEFT JOIN tubes ON tubes.point_id = t.point_id AND coalesce(tubes.table_no, 0) = t.table_no
ON CONFLICT (campaign_id, point_id, table_no) DO UPDATE SET planned = excluded.planned,
  planned_now = excluded.planned_now, come = excluded.come, hour = excluded.hour, waiting = excluded.waiting,
  waiting_at = excluded.waiting_at, tubes_open = excluded.tubes_open, tubes_closed = excluded.tubes_closed,
  tubes_handed = excluded.tubes_handed, tubes_told = excluded.tubes_told, last_at = excluded.last_at, at = excluded.at
"""
_PLACES = """
WITH plan AS (
  SELECT place_id, sum(doors) AS doors FROM sampling_allocation WHERE campaign_id = %(campaign)s GROUP BY place_id
), came AS (
  SELECT place_id, count(DISTINCT ticket_id) AS come_doors, sum(people) AS come_people
  FROM sampling_checkin WHERE campaign_id = %(campaign)s AND NOT is_retest GROUP BY place_id
), rolled AS (
  SELECT k.ancestor_id AS place_id, sum(plan.doors) AS doors, sum(coalesce(came.come_doors, 0)) AS come_doors,
    sum(coalesce(came.come_people, 0)) AS come_people
  FROM plan LEFT JOIN came ON came.place_id = plan.place_id
  JOIN places_placeclosure k ON k.descendant_id = plan.place_id AND k.from_on <= %(on)s
    AND (k.to_on IS NULL OR k.to_on > %(on)s)
  GROUP BY k.ancestor_id
)
INSERT INTO sampling_placecount (campaign_id, place_id, doors, come_doors, come_people, at)
SELECT %(campaign)s, place_id, doors, come_doors, come_people, %(at)s FROM rolled
ON CONFLICT (campaign_id, place_id) DO UPDATE SET doors = excluded.doors, come_doors = excluded.come_doors,
  come_people = excluded.come_people, at = excluded.at
WHERE (sampling_placecount.doors, sampling_placecount.come_doors, sampling_placecount.come_people)
  IS DISTINCT FROM (excluded.doors, excluded.come_doors, excluded.come_people)
"""


def roll_up(at: datetime) -> int:
    """Compute the board of each campaign of which something changed; how many. One process does it at a time."""
    with connection.cursor() as cursor:
        cursor.execute(_STALE, {"issued": ISSUED, "at": at})
        stale = [campaign for (campaign,) in cursor.fetchall()]
    for campaign in Campaign.objects.filter(id__in=stale):
        _roll(campaign, at)
    return len(stale)


def _roll(campaign: Campaign, at: datetime) -> None:
    given = {
        "campaign": campaign.id, "at": at, "begun": slots.begun(campaign, at), "home": campaign.people_per_home,
        "on": campaign.first_on,
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        row = cursor.fetchone()
        if not (row and row[0]):
            return
        with in_sets(campaign.microgrids > 500):
            cursor.execute(_POINTS, given)
            cursor.execute(_PLACES, given)
        Campaign.objects.filter(id=campaign.id).update(rolled_at=at)
