"""Backup and maintenance windows: their form, their length, and whether they overlap."""

import re

import moto.rds.models

DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAY, WEEK = 24 * 60, 7 * 24 * 60
CLOCK = r"([01]\d|2[0-3]):([0-5]\d)"
BACKUP = re.compile(f"{CLOCK}-{CLOCK}")
MAINTENANCE = re.compile(f"({'|'.join(DAYS)}):{CLOCK}-({'|'.join(DAYS)}):{CLOCK}")


def trouble(maintenance: str | None, backup: str | None) -> str | None:
    """What is wrong with the two windows, if anything; windows that only touch do not overlap."""
    during, every_day = None, None
    if maintenance:
        if not (found := MAINTENANCE.fullmatch(maintenance.lower())):
            return f"Invalid maintenance window format: {maintenance}. Should be specified as a range ddd:hh24:mi-ddd:hh24:mi (24H Clock UTC). Example: Sun:23:45-Mon:00:15"
        start = DAYS.index(found[1]) * DAY + int(found[2]) * 60 + int(found[3])
        end = DAYS.index(found[4]) * DAY + int(found[5]) * 60 + int(found[6])
        during = (start, (end - start) % WEEK)
        if during[1] < 30:
            return "The maintenance window must be at least 30 minutes."
        if during[1] > DAY:
            return "Maintenance window must be less than 24 hours."
    if backup:
        if not (found := BACKUP.fullmatch(backup)):
            return f"Invalid backup window format: {backup}. Should be specified as a range hh24:mi-hh24:mi (24H Clock UTC). Example: 04:00-04:30"
        start, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
        every_day = (start, (end - start) % DAY)
        if every_day[1] < 30:
            return "The backup window must be at least 30 minutes."
    if during and every_day and any(_meet(during, (day * DAY + every_day[0], every_day[1])) for day in range(7)):
        return "The backup window and maintenance window must not overlap."
    return None


def _meet(one, other) -> bool:
    """Whether two (start, length) of a week, which has no end, share a minute."""
    return (other[0] - one[0]) % WEEK < one[1] or (one[0] - other[0]) % WEEK < other[1]


# moto refuses windows that touch, and compares the hours whatever the day.
moto.rds.models.valid_preferred_maintenance_window = trouble
