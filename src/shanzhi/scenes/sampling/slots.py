"""Time slots (时段): numbered from 0 over the days of a campaign, the same at each of its points."""

from datetime import date, datetime, time, timedelta

from django.utils.timezone import get_default_timezone

from shanzhi.scenes.sampling.models import Campaign


def _minutes(of: time) -> int:
    return of.hour * 60 + of.minute


def per_day(campaign: Campaign) -> int:
    """How many slots a day has; what is left of the last is not used."""
    return (_minutes(campaign.closes) - _minutes(campaign.opens)) // campaign.slot_minutes


def count(campaign: Campaign) -> int:
    """How many slots there are in all."""
    return per_day(campaign) * campaign.days


def local(campaign: Campaign, slot: int) -> tuple[date, time, time]:
    """The day, the beginning and the end of a slot, on the clock on the wall."""
    day, number = divmod(slot, per_day(campaign))
    begin = _minutes(campaign.opens) + number * campaign.slot_minutes
    end = min(begin + campaign.slot_minutes, 24 * 60 - 1)
    return campaign.first_on + timedelta(days=day), time(*divmod(begin, 60)), time(*divmod(end, 60))


def span(campaign: Campaign, slot: int) -> tuple[datetime, datetime]:
    """From when until when a slot lasts."""
    on, begin, end = local(campaign, slot)
    zone = get_default_timezone()
    return datetime.combine(on, begin, zone), datetime.combine(on, end, zone)


def begun(campaign: Campaign, at: datetime) -> int:
    """How many slots have begun by an instant."""
    where = at.astimezone(get_default_timezone())
    day = (where.date() - campaign.first_on).days
    if day < 0:
        return 0
    today = (_minutes(where.time()) - _minutes(campaign.opens)) // campaign.slot_minutes + 1
    each = per_day(campaign)
    return min(day * each + min(max(today, 0), each), each * campaign.days)


def in_hours(campaign: Campaign, slot: int, opens: time, closes: time) -> bool:
    """Whether a point of these hours is open for the whole of a slot."""
    _, begin, end = local(campaign, slot)
    return opens <= begin and end <= closes


def people_a_slot(campaign: Campaign, tables: int) -> int:
    """How many people a slot takes: what its tables do in it, and no more than may wait at once."""
    return min(tables * campaign.table_rate * campaign.slot_minutes // 60, campaign.queue_limit)


def doors_a_slot(campaign: Campaign, tables: int) -> int:
    """The same in doors."""
    return int(people_a_slot(campaign, tables) / campaign.people_per_home)
