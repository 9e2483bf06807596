"""The events of DB instances, as far as a run reads them.

Sources: RDS API reference, DescribeEvents (by default the last 60 minutes; StartTime, EndTime, Duration in minutes); RDS User Guide, "Amazon RDS
event categories and event messages" (RDS-EVENT-0013, -0049, -0034, their words and categories). An event is of the name that the instance
has at that moment.
"""

from datetime import UTC, datetime, timedelta

from provision_localstack.service import Call, fail


def register(on):
    on("DescribeEvents")(describe)


def note(world, database, message: str, *categories: str):
    world.events.append(
        {
            "SourceIdentifier": database.db_instance_identifier,
            "SourceType": "db-instance",
            "SourceArn": database.db_instance_arn,
            "Message": message,
            "EventCategories": list(categories),
            "Date": datetime.now(UTC),
        }
    )


def describe(call: Call):
    kind, source = call.get("SourceType"), call.get("SourceIdentifier")
    if source and not kind:
        fail("InvalidParameterCombination", "SourceType must be specified with SourceIdentifier.")
    now = datetime.now(UTC)
    start = call.get("StartTime") or now - timedelta(minutes=call.get("Duration") or 60)
    end = call.get("EndTime") or now
    aware = [time if time.tzinfo else time.replace(tzinfo=UTC) for time in (start, end)]
    shown = [
        event
        for event in call.world.events
        if kind in (None, event["SourceType"])
        and source in (None, event["SourceIdentifier"])
        # The API's times are whole seconds.
        and aware[0].replace(microsecond=0) <= event["Date"] <= aware[1] + timedelta(seconds=1)
    ]
    return {"Events": shown}
