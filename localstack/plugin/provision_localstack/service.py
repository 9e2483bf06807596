"""How an operation is overridden: a registry per service, laid over the table that sends every operation to moto."""

import copy
import time
import uuid

from botocore.exceptions import ClientError
from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.connect import connect_to
from localstack.aws.forwarder import create_aws_request_context
from localstack.aws.spec import load_service
from localstack.services.moto import call_moto, call_moto_with_request
from moto.ec2 import ec2_backends
from moto.efs.models import efs_backends
from moto.rds.models import rds_backends

from provision_localstack import world


def fail(code: str, message: str, status: int = 400, **members):
    """Refuses a call as AWS does; `members` are further members of the error."""
    error = CommonServiceException(code, message, status_code=status, sender_fault=True)
    for name, value in members.items():
        setattr(error, name, value)
    raise error


class Call:
    """One call: its parameters, its account's world and back ends, and the way on to moto."""

    def __init__(self, context: RequestContext, request: dict, forward):
        self.context = context
        self.request = request or {}
        self._forward = forward
        self.account_id = context.account_id
        self.region = context.region
        self.world = world.account(context.account_id)

    @property
    def ec2(self):
        return ec2_backends[self.account_id][self.region]

    @property
    def efs(self):
        return efs_backends[self.account_id][self.region]

    @property
    def rds(self):
        return rds_backends[self.account_id][self.region]

    def get(self, name: str, default=None):
        return self.request.get(name, default)

    def key_arn(self, key: str) -> str:
        """The ARN of a key named by id, alias or ARN; AWS's own aliases get a key id each, always the same."""
        if key.startswith("arn:") and ":alias/" not in key:
            return key
        if "alias/" in key and "alias/aws/" not in key:
            kms = connect_to(aws_access_key_id=self.account_id, region_name=self.region).kms
            try:
                return kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
            except ClientError as error:
                fail("KMSKeyNotAccessibleFault", error.response["Error"]["Message"])
        if "alias/" in key:
            key = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.account_id} {self.region} {key.split(':')[-1]}"))
        return f"arn:aws:kms:{self.region}:{self.account_id}:key/{key}"

    def forward(self, request: dict | None = None) -> dict:
        """Passes the call on, unchanged or with other parameters."""
        if request is None or request == self.request:
            return self._forward(self.context, self.request)
        return call_moto_with_request(self.context, request)

    def like(self, request: dict) -> "Call":
        """The same caller's call with other parameters."""
        return Call(self.context, request, self._forward)

    def ask(self, operation: str, **request) -> dict:
        """Another operation of the same service, as the same caller."""
        service = self.context.service.service_name
        other = create_aws_request_context(service, operation, self.context.protocol, request, self.region)
        headers = copy.deepcopy(self.context.request.headers)
        headers.update(other.request.headers)
        other.request.headers = headers
        return call_moto(other)


# What a call has made, as those name it who use it.
MADE = {
    "CreateSecurityGroup": lambda answer: answer["GroupId"],
    "CreateDBSubnetGroup": lambda answer: answer["DBSubnetGroup"]["DBSubnetGroupName"],
    "CreateDBParameterGroup": lambda answer: answer["DBParameterGroup"]["DBParameterGroupName"],
    "CreateFileSystem": lambda answer: answer["FileSystemId"],
    "CreateRole": lambda answer: f"role {answer['Role']['RoleName']}",
    "CreateInstanceProfile": lambda answer: f"instance profile {answer['InstanceProfile']['InstanceProfileName']}",
}


class Overrides:
    """The operations of a service that are more than what moto does."""

    def __init__(self, service: str):
        self.service = service
        self.operations = {}

    def on(self, *names: str):
        def register(function):
            for name in names:
                self.operations[name] = function
            return function

        return register

    def table(self, below: dict | None = None) -> dict:
        """The dispatch table: each operation of the service, overridden or as `below` (else moto) has it."""
        below = below or {}
        return {name: self._entry(name, below.get(name, _to_moto)) for name in load_service(self.service).operation_names}

    def _entry(self, name, forward):
        override = self.operations.get(name)

        def run(context, request):
            call = Call(context, request, forward)
            # One call at a time in an account: what is checked is still so when it is acted upon.
            with call.world.lock:
                call.world.settle()
                answer = override(call) if override else call.forward()
                if name in MADE:
                    call.world.made[MADE[name](answer)] = (time.time(), call.world.setting("unknown"))
                return answer

        return run


def _to_moto(context, request):
    return call_moto(context)


def page(items: list, size: int, marker: str | None, bad_marker) -> tuple[list, str | None]:
    """A page of `items` and the marker of the next one; markers are positions."""
    start = 0
    if marker:
        if not marker.isdigit() or int(marker) > len(items):
            bad_marker()
        start = int(marker)
    end = start + size
    return items[start:end], str(end) if end < len(items) else None
