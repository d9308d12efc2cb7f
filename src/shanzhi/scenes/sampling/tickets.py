"""Tickets (凭证): one for each door of the timetable, written in sets, with a short code that cannot be guessed.

A code is ten characters of Crockford's alphabet: nine of 45 random bits, and one that tells a slip of the finger.
"""

import re

from django.db import connection

from shanzhi.base.rows import in_order, in_sets
from shanzhi.core.kit.ids import uuid7
from shanzhi.scenes.sampling.models import Campaign

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10
_SAME = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_FORM = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")

# The doors of a micro-grid in the order in which one walks them, as many as each floor has.
_DOORS = """
SELECT w.area, w.place_id, f.id AS floor_id, h.number, row_number() OVER (
    PARTITION BY w.place_id
    ORDER BY c.pinyin, length(b.name), b.name, f.stairwell, f.floor, f.id, length(h.number), h.number, n.n
  ) - 1 AS ordinal
FROM (
  SELECT area, place_id, sum(doors) AS doors FROM sampling_allocation WHERE campaign_id = %(campaign)s
  GROUP BY area, place_id
) w
JOIN compounds_membership m ON m.area = w.area AND m.place_id = w.place_id AND m.from_on <= %(on)s
  AND (m.to_on IS NULL OR m.to_on > %(on)s)
JOIN compounds_floor f ON f.area = m.area AND f.id = m.floor_id AND f.opened_on <= %(on)s
  AND (f.closed_on IS NULL OR f.closed_on > %(on)s)
JOIN compounds_building b ON b.area = f.area AND b.id = f.building_id
JOIN compounds_compound c ON c.area = b.area AND c.id = b.compound_id
JOIN LATERAL generate_series(1, f.homes) AS n (n) ON TRUE
LEFT JOIN LATERAL (
  SELECT number FROM compounds_home h WHERE h.area = f.area AND h.floor_id = f.id AND NOT h.is_shop
  ORDER BY length(number), number OFFSET n.n - 1 LIMIT 1
) h ON TRUE
"""
_WRITE = f"""
INSERT INTO sampling_ticket (id, area, campaign_id, place_id, ordinal, floor_id, number, code)
SELECT overlay(%(first)s PLACING lpad(to_hex(row_number() OVER ()), 8, '0') FROM 29)::uuid, d.area, %(campaign)s,
  d.place_id, d.ordinal, d.floor_id, coalesce(d.number, ''), d.body || substr(%(alphabet)s, 1 + d.checked, 1)
FROM (
  SELECT e.*,
    {{checked}} AS checked, {{body}} AS body
  FROM ({_DOORS}) e
  CROSS JOIN LATERAL (
    SELECT decode(replace(gen_random_uuid()::text, '-', ''), 'hex') AS bits WHERE e.ordinal IS NOT NULL
  ) r
) d
ON CONFLICT DO NOTHING
"""
# Random bytes of a version 4 UUID: all but the sixth and the eighth are wholly random.
_BYTES = (0, 1, 2, 3, 4, 5, 9, 10, 11)
_BODY = " || ".join(f"substr(%(alphabet)s, 1 + (get_byte(r.bits, {n}) & 31), 1)" for n in _BYTES)
_CHECKED = (
    "(" + " + ".join(f"{w} * (get_byte(r.bits, {n}) & 31)" for w, n in enumerate(_BYTES, start=2)) + ") %% 31"
)
_RETRIES = 5


def check_character(body: str) -> str:
    """The tenth character from the first nine: a weighted sum modulo 31, weights from 2 on."""
    total = sum(weight * ALPHABET.index(one) for weight, one in enumerate(body, start=2))
    return ALPHABET[total % 31]


def read_code(text: str) -> str:
    """A code as typed or scanned: an address that ends in it, small letters, blanks, O for 0; "" when it is none."""
    tail = text.strip().rstrip("/").rpartition("/")[2].upper().translate(_SAME)
    if not _FORM.fullmatch(tail) or check_character(tail[:-1]) != tail[-1]:
        return ""
    return tail


def grouped(code: str) -> str:
    """The code as it is printed: 12345 6789A."""
    return f"{code[:5]} {code[5:]}"


def issue(campaign: Campaign) -> int:
    """Write the tickets of a campaign in the caller's transaction; how many.

    Two equal codes of a campaign are one chance in 10⁷ for a district: the row that meets one is written again.
    """
    made = 0
    for _ in range(_RETRIES):
        given = {
            "campaign": campaign.id, "on": campaign.first_on, "alphabet": ALPHABET, "first": _ids(),
        }  # fmt: skip
        with in_sets(campaign.doors > 2000), in_order(), connection.cursor() as cursor:
            cursor.execute(_WRITE.format(checked=_CHECKED, body=_BODY), given)
            made += cursor.rowcount
        if made >= campaign.doors:
            break
    return made


def _ids() -> str:
    """A version 7 id whose last eight digits are counted up, so that ids are made in the statement."""
    return str(uuid7())
