"""EC2's machines, volumes and elastic addresses: tokens, states that take their time, and what EC2 refuses and moto does not.

Of the API model (botocore, ec2 2016-11-15) are the tokens ("Ensuring idempotency": the same request with the same token is answered with what
the first one made), one attribute a call of ModifyInstanceAttribute, `AllowReassociation`, and that a volume grows alone. Of the EC2 User Guide
and the EBS User Guide are the states, "You must stop your instance before you can change its instance type", the modification that another one
waits for, and that volumes which were attached later survive. Codes without a source beside them are of "Error codes for the Amazon EC2 API".
"""

import copy
import functools
import json
import time

from moto.core.types import Base64EncodedString
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.utilities.utils import load_resource

from provision_localstack import ec2_rules as rules
from provision_localstack.service import Call, fail

# A machine whose status checks are not over, by account and id, until then.
PENDING, RUNNING, SHUTTING, STOPPING, STOPPED = (
    ("pending", 0),
    ("running", 16),
    ("shutting-down", 32),
    ("stopping", 64),
    ("stopped", 80),
)
# ModifyInstanceAttribute, EC2 API reference: "You can specify only one attribute at a time".
ATTRIBUTES = (
    "Attribute BlockDeviceMappings DisableApiStop DisableApiTermination EbsOptimized EnaSupport Groups "
    "InstanceInitiatedShutdownBehavior InstanceType Kernel Ramdisk SourceDestCheck SriovNetSupport UserData"
).split()
# Those that only a stopped machine takes ("Change instance attributes", EC2 User Guide).
WHEN_STOPPED = ("InstanceType", "UserData", "Kernel", "Ramdisk", "EbsOptimized", "EnaSupport", "SriovNetSupport")
# "You can request up to four modifications per volume within a rolling 24-hour period" (ModifyVolume).
MOST_MODIFICATIONS, A_DAY = 4, 24 * 3600


def register(on):
    for function, names in OPERATIONS:
        on(*names)(function)


def made(call: Call, operation: str) -> dict:
    """What requests with a token made: (parameters, answer)."""
    tokens = call.world.__dict__.setdefault("ec2_tokens", {})
    return tokens.setdefault((call.region, operation), {})


def once(call: Call, operation: str, make, again):
    """Answers the same token with what it made; another request with it is a mistake."""
    token = call.get("ClientToken")
    told = json.dumps({key: value for key, value in call.request.items() if key not in ("ClientToken", "DryRun")}, sort_keys=True, default=str)
    known = made(call, operation)
    if token and token in known:
        parameters, answer = known[token]
        if parameters != told:
            fail("IdempotentParameterMismatch", f"Arguments on this idempotent request are inconsistent with arguments used in previous request(s) for client token {token}.")
        return again(copy.deepcopy(answer))
    answer = make()
    if token:
        known[token] = (told, copy.deepcopy(answer))
    return answer


def set_state(machine, state):
    machine._state.name, machine._state.code = state


def machine_of(call: Call, id_: str):
    for reservation in call.ec2.reservations.values():
        for machine in reservation.instances:
            if machine.id == id_:
                return machine
    fail("InvalidInstanceID.NotFound", f"The instance ID '{id_}' does not exist")


def volume_of(call: Call, id_: str):
    volume = call.ec2.volumes.get(id_)
    if volume is None:
        fail("InvalidVolume.NotFound", f"The volume '{id_}' does not exist.")
    return volume


# --- images ----------------------------------------------------------------------------------------


@functools.cache
def public_images(region: str) -> dict:
    """The images of Amazon that parameters of Systems Manager name, by id: (name, root device, architecture)."""
    try:
        all_ = load_resource("moto.ec2.models.amis", f"../resources/latest_amis/{region}.json")
    except (FileNotFoundError, OSError):
        return {}
    return {
        each["ami_id"]: (each["name"], each.get("root_device_name") or "/dev/xvda", each.get("architecture") or "x86_64") for each in all_
    }


def with_public_image(call: Call, image: str):
    """LocalStack loads none of AWS's images; one of them is there as soon as it is asked for."""
    if image in public_images(call.region) and image not in call.ec2.amis:
        name, root, architecture = public_images(call.region)[image]
        ami = call.ec2.register_image(name, name)
        del call.ec2.amis[ami.id]
        ami.id, ami.owner_id, ami.public, ami.root_device_name = image, "137112412989", True, root
        ami.root_device_type, ami.architecture, ami.virtualization_type = "ebs", architecture, "hvm"
        call.ec2.amis[image] = ami


def describe_images(call: Call):
    for image in call.get("ImageIds") or []:
        with_public_image(call, image)
        if image not in call.ec2.amis:
            fail("InvalidAMIID.NotFound", f"The image id '[{image}]' does not exist")
    return call.forward()


# --- machines --------------------------------------------------------------------------------------


def run_instances(call: Call):
    image = call.get("ImageId")
    with_public_image(call, image)
    if image not in call.ec2.amis:
        fail("InvalidAMIID.NotFound", f"The image id '[{image}]' does not exist")
    if call.ec2.amis[image].state != "available":
        fail("InvalidAMIID.Unavailable", f"The image ID '{image}' is not available")
    check_architecture(call, call.ec2.amis[image])
    check_profile(call, (call.get("IamInstanceProfile") or {}))
    for group in call.get("SecurityGroupIds") or []:
        rules.check_known(call, group)

    def make():
        request = copy.deepcopy(call.request)
        # Without a mapping the root is as the image has it, and goes with the machine.
        device = call.ec2.amis[image].root_device_name
        if not request.get("BlockDeviceMappings"):
            request["BlockDeviceMappings"] = [{"DeviceName": device, "Ebs": {"DeleteOnTermination": True}}]
        for mapping in request.get("BlockDeviceMappings") or []:
            # Without a size it is that of the image's snapshot.
            mapping.get("Ebs", {}).setdefault("VolumeSize", 8)
        tags = {each.get("ResourceType"): each.get("Tags") or [] for each in request.get("TagSpecifications") or []}
        answer = call.forward(request)
        for shown in answer["Instances"]:
            machine = machine_of(call, shown["InstanceId"])
            machine.client_token = call.get("ClientToken")
            if call.get("UserData"):
                # The way on to moto encodes it once more.
                machine.user_data = Base64EncodedString(call.get("UserData"))
            machine.disable_api_termination = bool(call.get("DisableApiTermination"))
            set_state(machine, PENDING)
            shown["State"] = {"Code": 0, "Name": "pending"}
            shown["ClientToken"] = call.get("ClientToken") or ""
            for nic in machine.nics.values():
                # "By default, … deleted when the instance is terminated" (Network interfaces, EC2 User Guide).
                nic.delete_on_termination = True
                nic.add_tags({tag["Key"]: tag["Value"] for tag in tags.get("network-interface", [])})
            later_running(call, machine)
        return answer

    def again(answer):
        for shown in answer["Instances"]:
            state = machine_of(call, shown["InstanceId"])._state
            shown["State"] = {"Code": state.code, "Name": state.name}
        return answer

    return once(call, "RunInstances", make, again)


def check_architecture(call: Call, ami):
    """The code and the words are EC2's (skypilot-org/skypilot#6315)."""
    type_, has = call.get("InstanceType"), ami.architecture or "x86_64"
    takes = INSTANCE_TYPES.get(type_, {}).get("ProcessorInfo", {}).get("SupportedArchitectures") or [has]
    if has not in takes:
        fail(
            "InvalidParameterValue",
            f"The architecture '{','.join(takes)}' of the specified instance type does not match the architecture '{has}' of the specified "
            "AMI. Specify an instance type and an AMI that have matching architectures, and try again.",
        )


def check_profile(call: Call, profile: dict):
    """A profile that was just made is not known at once (Troubleshoot IAM, IAM User Guide)."""
    from moto.iam.models import iam_backends

    name = profile.get("Name") or (profile.get("Arn") or "").rsplit("/", 1)[-1]
    if not name:
        return
    all_ = iam_backends[call.account_id][call.context.partition].instance_profiles.values()
    if not any(each.name == name for each in all_) or not call.world.knows(f"instance profile {name}"):
        fail("InvalidParameterValue", f"Value ({name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name")


def later_running(call: Call, machine):
    checks = call.world.__dict__.setdefault("machine_checks", {})

    def finish(when):
        if machine._state.name == "pending":
            set_state(machine, RUNNING)
            checks[machine.id] = when

    call.world.later(f"machine {machine.id}", "machine_starting", finish)


def describe_instances(call: Call):
    """Each machine shows its cores and threads (API model, Instance: CpuOptions), which moto leaves out: those of its type."""
    answer = call.forward()
    for reservation in answer.get("Reservations") or []:
        for shown in reservation.get("Instances") or []:
            if cores := cores_of_types().get(shown.get("InstanceType")):
                shown["CpuOptions"] = {"CoreCount": cores["DefaultCores"], "ThreadsPerCore": cores["DefaultThreadsPerCore"]}
    return answer


@functools.cache
def cores_of_types() -> dict:
    return {name: each["VCpuInfo"] for name, each in INSTANCE_TYPES.items()}


def start_instances(call: Call):
    rows = []
    for id_ in call.get("InstanceIds") or []:
        machine = machine_of(call, id_)
        before = machine._state.name
        if before not in ("stopped", "running", "pending"):
            fail("IncorrectInstanceState", f"The instance '{id_}' is not in a state from which it can be started.")
        rows.append((machine, copy.copy(machine._state)))
    for machine, before in rows:
        if before.name == "stopped":
            machine.start()
            set_state(machine, PENDING)
            later_running(call, machine)
    return {"StartingInstances": [changed(*row) for row in rows]}


def stop_instances(call: Call):
    rows = []
    for id_ in call.get("InstanceIds") or []:
        machine = machine_of(call, id_)
        if machine._state.name not in ("running", "stopping", "stopped", "pending"):
            fail("IncorrectInstanceState", f"The instance '{id_}' is not in a state from which it can be stopped.")
        rows.append((machine, copy.copy(machine._state)))
    for machine, before in rows:
        if before.name in ("running", "pending"):
            machine.stop()
            set_state(machine, STOPPING)
            finish = lambda when, machine=machine: set_state(machine, STOPPED) if machine._state.name == "stopping" else None
            call.world.later(f"machine {machine.id}", "machine_stopping", finish)
    return {"StoppingInstances": [changed(*row) for row in rows]}


def changed(machine, before) -> dict:
    now = machine._state
    return {
        "InstanceId": machine.id,
        "CurrentState": {"Code": now.code, "Name": now.name},
        "PreviousState": {"Code": before.code, "Name": before.name},
    }


def terminate_instances(call: Call):
    rows = []
    for id_ in call.get("InstanceIds") or []:
        machine = machine_of(call, id_)
        if str(machine.disable_api_termination).lower() == "true":
            fail("OperationNotPermitted", f"The instance '{id_}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.")
        rows.append((machine, copy.copy(machine._state)))
    for machine, before in rows:
        if before.name in ("terminated", "shutting-down"):
            continue
        set_state(machine, SHUTTING)
        finish = lambda when, machine=machine: gone(call, machine)
        call.world.later(f"machine {machine.id}", "machine_terminating", finish)
    return {"TerminatingInstances": [changed(*row) for row in rows]}


def gone(call: Call, machine):
    """Its addresses are free, and the volumes that do not go with it."""
    for address in call.ec2.addresses:
        if address.instance is not None and address.instance.id == machine.id:
            address.instance = address.eni = address.association_id = None
    machine.terminate()


def modify_instance_attribute(call: Call):
    machine = machine_of(call, call.get("InstanceId"))
    asked = [name for name in ATTRIBUTES if call.get(name) is not None]
    if len(asked) != 1:
        fail("InvalidParameterCombination", "Fields for multiple attribute types specified" if asked else "No attributes specified.")
    attribute = asked[0] if asked[0] != "Attribute" else call.get("Attribute")[0].upper() + call.get("Attribute")[1:]
    if attribute in WHEN_STOPPED and machine._state.name != "stopped":
        fail("IncorrectInstanceState", f"The instance '{machine.id}' is not in the 'stopped' state.")
    if attribute == "Groups":
        if len(machine.nics) > 1:
            fail("InvalidInstanceID", f"There are multiple interfaces attached to instance '{machine.id}'. Please specify an interface ID for the operation instead.")
        groups = []
        for each in call.get("Groups"):
            rules.check_known(call, each)
            group = call.ec2.get_security_group_from_id(each)
            if group is None:
                fail("InvalidGroup.NotFound", f"The security group '{each}' does not exist")
            groups.append(group)
        machine.security_groups = groups
        for nic in machine.nics.values():
            nic._group_set = groups
        return {}
    if attribute == "InstanceType":
        value = call.get("InstanceType")
        machine.instance_type = value["Value"] if isinstance(value, dict) else value
        return {}
    if attribute == "DisableApiTermination":
        value = call.get("DisableApiTermination")
        machine.disable_api_termination = value["Value"] if isinstance(value, dict) else str(value).lower() == "true"
        return {}
    if attribute == "BlockDeviceMappings":
        for mapping in call.get("BlockDeviceMappings"):
            device = machine.block_device_mapping.get(mapping["DeviceName"])
            if device is None:
                fail("InvalidInstanceAttributeValue", f"No device is currently mapped at {mapping['DeviceName']}")
            # Left out, it is true (ModifyInstanceAttribute, BlockDeviceMappings).
            device.delete_on_termination = mapping.get("Ebs", {}).get("DeleteOnTermination", True)
        return {}
    return call.forward()


def modify_metadata(call: Call):
    machine_of(call, call.get("InstanceId"))
    hops = call.get("HttpPutResponseHopLimit")
    if hops is not None and not 1 <= hops <= 64:
        fail("InvalidParameterValue", f"Value ({hops}) for parameter HttpPutResponseHopLimit is invalid.")
    return call.forward()


def describe_instance_status(call: Call):
    answer = call.forward()
    checks = call.world.__dict__.get("machine_checks", {})
    for row in answer.get("InstanceStatuses") or []:
        since = time.time() - checks.get(row["InstanceId"], 0)
        if since < call.world.setting("machine_checking"):
            for part in ("InstanceStatus", "SystemStatus"):
                row[part] = {"Status": "initializing", "Details": [{"Name": "reachability", "Status": "initializing"}]}
    return answer


def associate_profile(call: Call):
    check_profile(call, call.get("IamInstanceProfile") or {})
    return call.forward()


# --- volumes ---------------------------------------------------------------------------------------


def create_volume(call: Call):
    def make():
        request = dict(call.request)
        # "Throughput … Default: 125" of gp3.
        answer = call.forward(request)
        volume = volume_of(call, answer["VolumeId"])
        if volume.volume_type == "gp3" and not volume.throughput:
            volume.throughput = 125
        answer["State"] = "creating"
        settings = call.world.__dict__.setdefault("volumes_at_work", {})
        settings[volume.id] = "creating"
        call.world.later(f"volume {volume.id}", "volume_creating", lambda when: settings.pop(volume.id, None))
        return answer

    def again(answer):
        # One that is gone is answered with as it was (EC2 Developer Guide, "Ensuring idempotency").
        answer["State"] = volume_of(call, answer["VolumeId"]).status if answer["VolumeId"] in call.ec2.volumes else "deleting"
        return answer

    return once(call, "CreateVolume", make, again)


def describe_volumes(call: Call):
    answer = call.forward()
    at_work = call.world.__dict__.get("volumes_at_work", {})
    for row in answer.get("Volumes") or []:
        if row["VolumeId"] in at_work:
            row["State"] = at_work[row["VolumeId"]]
        # moto shows a detached one's attachment no more.
        volume = call.ec2.volumes.get(row["VolumeId"])
        if volume is not None and volume.volume_type == "gp3":
            row.setdefault("Throughput", volume.throughput or 125)
        for attachment in row.get("Attachments") or []:
            device = volume.attachment.instance.block_device_mapping.get(volume.attachment.device) if volume and volume.attachment else None
            if device is not None:
                attachment["DeleteOnTermination"] = device.delete_on_termination
    return answer


def attach_volume(call: Call):
    volume, machine = volume_of(call, call.get("VolumeId")), machine_of(call, call.get("InstanceId"))
    device = call.get("Device")
    if not device:
        fail("MissingParameter", "The request must contain the parameter device")
    if call.world.__dict__.get("volumes_at_work", {}).get(volume.id) == "creating":
        fail("IncorrectState", f"Volume '{volume.id}' is not 'available'.")
    if volume.attachment is not None:
        fail("VolumeInUse", f"{volume.id} is already attached to an instance")
    if machine._state.name not in ("running", "stopped"):
        fail("IncorrectState", f"Instance '{machine.id}' is not 'running'.")
    if volume.zone.name != machine._placement.zone:
        fail("InvalidVolume.ZoneMismatch", f"The volume '{volume.id}' is not in the same availability zone as instance '{machine.id}'")
    if device in machine.block_device_mapping:
        fail("InvalidParameterValue", f"Invalid value '{device}' for unixDevice. Attachment point {device} is already in use")
    answer = call.forward()
    answer["State"] = "attaching"
    machine.block_device_mapping[device].status = "attaching"
    finish = lambda when: setattr(machine.block_device_mapping[device], "status", "in-use") if device in machine.block_device_mapping else None
    call.world.later(f"attachment {volume.id}", "volume_attaching", finish)
    return answer


def detach_volume(call: Call):
    volume = volume_of(call, call.get("VolumeId"))
    if volume.attachment is None:
        fail("IncorrectState", f"Volume '{volume.id}' is in the 'available' state.")
    machine, device = volume.attachment.instance, volume.attachment.device
    if call.get("InstanceId") and call.get("InstanceId") != machine.id:
        fail("InvalidAttachment.NotFound", f"The volume '{volume.id}' is not attached to '{call.get('InstanceId')}'")
    if device == machine.root_device_name and machine._state.name != "stopped":
        fail("OperationNotPermitted", f"Unable to detach root volume '{volume.id}' from instance '{machine.id}'")
    machine.block_device_mapping[device].status = "detaching"
    volume.attachment.status = "detaching"

    def finish(when):
        if volume.attachment is not None and volume.attachment.instance is machine:
            call.ec2.detach_volume(volume.id, machine.id, device)

    call.world.later(f"attachment {volume.id}", "volume_attaching", finish)
    return {"VolumeId": volume.id, "InstanceId": machine.id, "Device": device, "State": "detaching"}


def modify_volume(call: Call):
    volume = volume_of(call, call.get("VolumeId"))
    size = call.get("Size")
    if size is not None and size < volume.size:
        fail("InvalidParameterValue", "New size cannot be smaller than existing size")
    now = time.time()
    times = call.world.__dict__.setdefault("volume_changes", {}).setdefault(volume.id, [])
    if times and now - times[-1] < call.world.setting("volume_optimizing"):
        fail("IncorrectModificationState", f"Volume '{volume.id}' is in modification-state 'OPTIMIZING'. Please wait.")
    if len([each for each in times if now - each < A_DAY]) >= MOST_MODIFICATIONS and call.world.setting("volume_optimizing"):
        fail("VolumeModificationRateExceeded", f"You've reached the maximum modification rate per volume limit for '{volume.id}'.")
    before = {"size": volume.size, "volume_type": volume.volume_type, "iops": volume.iops, "throughput": volume.throughput}
    answer = call.forward()
    kind = call.get("VolumeType") or before["volume_type"]
    # "The default for gp3 is 3,000", also where a type was another one before (ModifyVolume, Iops).
    if kind == "gp3":
        volume.iops = call.get("Iops") or (before["iops"] if before["volume_type"] == "gp3" else 3000)
        volume.throughput = call.get("Throughput") or (before["throughput"] if before["volume_type"] == "gp3" else 125)
    else:
        volume.throughput = None
    times.append(now)
    shown = answer.get("VolumeModification") or {}
    shown["ModificationState"] = "modifying"
    seconds = call.world.setting("volume_modifying")
    if seconds:
        # The volume shows the old values until the change is "optimizing" (Monitor the progress of volume modifications, EBS User Guide).
        wanted = {name: getattr(volume, name) for name in before}
        for name, value in before.items():
            setattr(volume, name, value)
        apply = lambda when: [setattr(volume, name, value) for name, value in wanted.items()]
        call.world.later(f"modification {volume.id}", "volume_modifying", apply)
    return answer


def describe_modifications(call: Call):
    answer = call.forward()
    now = time.time()
    changes = call.world.__dict__.get("volume_changes", {})
    for row in answer.get("VolumesModifications") or []:
        since = now - (changes.get(row["VolumeId"]) or [0])[-1]
        if since < call.world.setting("volume_modifying"):
            row["ModificationState"], row["Progress"] = "modifying", 0
        elif since < call.world.setting("volume_optimizing"):
            row["ModificationState"], row["Progress"] = "optimizing", 50
        else:
            row["ModificationState"], row["Progress"] = "completed", 100
    return answer


def delete_volume(call: Call):
    volume = volume_of(call, call.get("VolumeId"))
    if volume.attachment is not None:
        fail("VolumeInUse", f"Volume {volume.id} is currently attached to {volume.attachment.instance.id}")
    at_work = call.world.__dict__.setdefault("volumes_at_work", {})
    if at_work.get(volume.id) == "deleting":
        return {}
    if not call.world.setting("volume_deleting"):
        return call.forward()
    at_work[volume.id] = "deleting"

    def finish(when):
        at_work.pop(volume.id, None)
        call.ec2.volumes.pop(volume.id, None)

    call.world.later(f"volume {volume.id}", "volume_deleting", finish)
    return {}


def create_snapshot(call: Call):
    answer = call.forward()
    snapshot = call.ec2.snapshots[answer["SnapshotId"]]
    snapshot.status = "pending"
    answer["State"] = "pending"
    call.world.later(f"snapshot {snapshot.id}", "snapshot_creating", lambda when: setattr(snapshot, "status", "completed"))
    return answer


# --- addresses -------------------------------------------------------------------------------------


def address_of(call: Call, allocation: str):
    for address in call.ec2.addresses:
        if address.allocation_id == allocation:
            return address
    fail("InvalidAllocationID.NotFound", f"The allocation ID '{allocation}' does not exist")


def allocate_address(call: Call):
    answer = call.forward()
    specified = [each for each in call.get("TagSpecifications") or [] if each.get("ResourceType") == "elastic-ip"]
    tags = {tag["Key"]: tag["Value"] for each in specified for tag in each.get("Tags") or []}
    if tags:
        call.ec2.tags[answer["AllocationId"]].update(tags)
    return answer


def associate_address(call: Call):
    address = address_of(call, call.get("AllocationId"))
    machine = machine_of(call, call.get("InstanceId")) if call.get("InstanceId") else None
    if machine is not None and machine._state.name == "pending":
        fail("InvalidInstanceID", f"The pending instance '{machine.id}' is not in a valid state for this operation.")
    if machine is not None and machine._state.name in ("shutting-down", "terminated"):
        fail("InvalidInstanceID", f"The instance '{machine.id}' is not in a valid state for this operation.")
    same = machine is not None and address.instance is machine
    # "By default … AllowReassociation … is true" for a VPC (AssociateAddress, EC2 API reference).
    if address.association_id and not same and call.get("AllowReassociation") is False:
        fail("Resource.AlreadyAssociated", f"resource {address.allocation_id} is already associated with associate-id {address.association_id}")
    others = [each for each in call.ec2.addresses if machine is not None and each.instance is machine and each is not address]
    for other in others:
        # The primary private address has one public one: the other one is free.
        if call.get("AllowReassociation") is False:
            fail("Resource.AlreadyAssociated", f"the instance {machine.id} has the address {other.public_ip}")
        other.instance = other.eni = other.association_id = None
    if same:
        return {"AssociationId": address.association_id}
    request = dict(call.request) | {"AllowReassociation": True}
    return call.forward(request)


def disassociate_address(call: Call):
    association = call.get("AssociationId")
    if association and not any(each.association_id == association for each in call.ec2.addresses):
        fail("InvalidAssociationID.NotFound", f"The association ID '{association}' does not exist")
    return call.forward()


def release_address(call: Call):
    address = address_of(call, call.get("AllocationId"))
    if address.association_id:
        fail("InvalidIPAddress.InUse", f"Address {address.public_ip} is in use.")
    return call.forward()


OPERATIONS = [
    (describe_images, ["DescribeImages"]),
    (run_instances, ["RunInstances"]),
    (describe_instances, ["DescribeInstances"]),
    (start_instances, ["StartInstances"]),
    (stop_instances, ["StopInstances"]),
    (terminate_instances, ["TerminateInstances"]),
    (modify_instance_attribute, ["ModifyInstanceAttribute"]),
    (modify_metadata, ["ModifyInstanceMetadataOptions"]),
    (describe_instance_status, ["DescribeInstanceStatus"]),
    (associate_profile, ["AssociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation"]),
    (create_volume, ["CreateVolume"]),
    (describe_volumes, ["DescribeVolumes"]),
    (attach_volume, ["AttachVolume"]),
    (detach_volume, ["DetachVolume"]),
    (modify_volume, ["ModifyVolume"]),
    (describe_modifications, ["DescribeVolumesModifications"]),
    (delete_volume, ["DeleteVolume"]),
    (create_snapshot, ["CreateSnapshot"]),
    (allocate_address, ["AllocateAddress"]),
    (associate_address, ["AssociateAddress"]),
    (disassociate_address, ["DisassociateAddress"]),
    (release_address, ["ReleaseAddress"]),
]
