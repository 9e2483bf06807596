"""EFS access points: states, tokens and refusals around moto's model."""

from provision_localstack import efs_rules as rules
from provision_localstack.service import Call, fail, page


def register(on):
    on("CreateAccessPoint")(create)
    on("DescribeAccessPoints")(describe)
    on("DeleteAccessPoint")(delete)


def described(point) -> dict:
    return point.info_json() | {"LifeCycleState": getattr(point, "life_cycle_state", "available")}


def create(call: Call):
    fs = rules.find_available_file_system(call, call.get("FileSystemId"))
    token = call.get("ClientToken")
    rules.check_access_point(call.get("PosixUser"), call.get("RootDirectory"))
    rules.check_tags(call.get("Tags"))
    for point in call.efs.access_points.values():
        if token and point.client_token == token:
            fail(
                "AccessPointAlreadyExists",
                f"Access point already exists with creation token {token}",
                409,
                ErrorCode="AccessPointAlreadyExists",
                AccessPointId=point.access_point_id,
            )
    root = call.get("RootDirectory") or {}
    point = call.efs.create_access_point(
        token, call.get("Tags") or [], fs.file_system_id, call.get("PosixUser"), {"Path": "/"} | root
    )
    point.life_cycle_state = "creating"

    def finish(_due):
        point.life_cycle_state = "available"

    call.world.later(point.access_point_id, "access_point_creating", finish)
    return described(point)


def describe(call: Call):
    point_id, file_system_id = call.get("AccessPointId"), call.get("FileSystemId")
    if point_id and file_system_id:
        rules.bad_request("Only one of AccessPointId and FileSystemId can be given.")
    if point_id:
        found = [rules.find_access_point(call, point_id)]
    else:
        wanted = file_system_id and rules.find_file_system(call, file_system_id).file_system_id
        found = [each for each in call.efs.access_points.values() if wanted in (None, each.file_system_id)]
    size, token = call.get("MaxResults") or 100, call.get("NextToken")
    rows, following = page(found, size, token, lambda: rules.bad_request("Invalid NextToken"))
    return {"AccessPoints": [described(row) for row in rows]} | ({"NextToken": following} if following else {})


def delete(call: Call):
    point = rules.find_access_point(call, call.get("AccessPointId"))
    if point.life_cycle_state != "deleting":
        efs, point_id = call.efs, point.access_point_id
        point.life_cycle_state = "deleting"
        call.world.forget(point_id)
        call.world.later(point_id, "access_point_deleting", lambda _due: efs.delete_access_point(point_id))
    return {}
