"""Images of machines: names that are there once, tags of the snapshot, and a state that takes its time.

Sources: the API model (botocore, ec2 2016-11-15), CreateImage: Name "3-128 alphanumeric characters, parentheses (()), square brackets ([]),
spaces ( ), periods (.), slashes (/), dashes (-), single quotes ('), at-signs (@), or underscores(_)"; "By default, when Amazon EC2 creates the new
AMI, it reboots the instance"; TagSpecifications for `image` and `snapshot`. The codes are of "Error codes for the Amazon EC2 API":
InvalidAMIName.Duplicate ("the AMI name is already in use"), InvalidAMIName.Malformed, IncorrectState.
"""

import re

from provision_localstack.service import fail

NAME = re.compile(r"[A-Za-z0-9()\[\] ./'@_-]{3,128}")


def register(on):
    on("CreateImage")(create_image)


def create_image(call):
    from provision_localstack.ec2_machines import machine_of

    name, machine = call.get("Name") or "", machine_of(call, call.get("InstanceId"))
    if not NAME.fullmatch(name):
        fail("InvalidAMIName.Malformed", f"AMI name must be between 3 and 128 characters long: {name}")
    if machine._state.name not in ("running", "stopped"):
        fail("IncorrectState", f"The instance '{machine.id}' is {machine._state.name}.")
    held = next((one for one in call.ec2.amis.values() if one.name == name and one.owner_id == call.account_id), None)
    if held is not None:
        fail("InvalidAMIName.Duplicate", f"AMI name {name} is already in use by AMI {held.id}")
    tags = {each.get("ResourceType"): each.get("Tags") or [] for each in call.get("TagSpecifications") or []}
    if tags.keys() - {"image", "snapshot"}:
        fail("InvalidParameterValue", "Tags go to the image and to its snapshots.")
    request = dict(call.request)
    request["TagSpecifications"] = [one for one in call.get("TagSpecifications") or [] if one.get("ResourceType") == "image"]
    answer = call.forward({name: value for name, value in request.items() if value})
    image = call.ec2.amis[answer["ImageId"]]
    image.owner_id, image.state, image.public = call.account_id, "pending", False
    if getattr(image, "ebs_snapshot", None) is not None:
        image.ebs_snapshot.add_tags({tag["Key"]: tag["Value"] for tag in tags.get("snapshot", [])})
    call.world.later(f"image {image.id}", "image_creating", lambda when: setattr(image, "state", "available"))
    return answer
