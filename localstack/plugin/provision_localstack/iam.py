"""IAM over LocalStack's own provider: names without case, sizes, principals that are there, documents as IAM shows them, and changes that
are not known everywhere at once.

Of the API model (botocore, iam 2010-05-08) are the lengths and patterns, "names are not distinguished by case", documents that are
"URL-encoded compliant with RFC 3986", one hour where UpdateRole leaves the session out, and UnmodifiableEntity.
"""

import json
import re
import urllib.parse

from moto.iam.exceptions import MalformedPolicyDocument
from moto.iam.models import AWSManagedPolicy, iam_backends
from moto.iam.policy_validation import IAMTrustPolicyDocumentValidator

from provision_localstack.service import Call, Overrides, fail

overrides = Overrides("iam")
on = overrides.on

# "IAM and AWS STS quotas", IAM User Guide, with the words of kubeflow/kubeflow issue 6687 and aws/aws-cdk issue 12403.
TRUST_POLICY = 2_048
INLINE_POLICIES = 10_240
MANAGED_POLICIES = 10

NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
PATH = re.compile(r"(/)|(/[!-\x7e]+/)")

# The calls that refuse a role which is not known everywhere yet.
BY_ROLE = (
    "DeleteRolePermissionsBoundary DeleteRolePolicy DetachRolePolicy GetRole GetRolePolicy ListAttachedRolePolicies "
    "ListInstanceProfilesForRole ListRolePolicies ListRoleTags PutRolePermissionsBoundary TagRole UntagRole"
).split()
# The calls that AWS alone may make on a service-linked role.
CHANGING = re.compile("Attach|Delete|Detach|Put|Tag|Untag|Update")


def backend(call: Call):
    return iam_backends[call.account_id][call.context.partition]


def check(value, name, pattern=None, least=1, most=None):
    """Refuses a value that the API model does not take."""
    text = str(value)
    long = most is not None and len(text) > most
    if len(text) < least or long or pattern and not pattern.fullmatch(text):
        fail("ValidationError", f"1 validation error detected: Value '{text}' at '{name}' failed to satisfy constraint")


def no_such(kind, name):
    fail("NoSuchEntity", f"The {kind} with name {name} cannot be found.", 404)


def role_of(call: Call):
    """The role that a call names, where it is known by now."""
    name = call.get("RoleName")
    role = next((role for role in backend(call).roles.values() if role.name == name), None)
    if role is None or not call.world.knows(f"role {name}"):
        no_such("role", name)
    if role.path.startswith("/aws-service-role/") and CHANGING.match(call.context.operation.name):
        fail("UnmodifiableEntity", f"Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS")
    return role


def size(document: str) -> int:
    return len(re.sub(r"\s", "", document))


def check_trust(call: Call, document: str):
    try:
        IAMTrustPolicyDocumentValidator(document).validate()
    except MalformedPolicyDocument as error:
        fail("MalformedPolicyDocument", error.description if hasattr(error, "description") else str(error))
    if size(document) > TRUST_POLICY:
        fail("LimitExceeded", f"Cannot exceed quota for ACLSizePerRole: {TRUST_POLICY}", 409)
    statements = json.loads(document).get("Statement") or []
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal")
        if not principal:
            fail("MalformedPolicyDocument", "Missing required field Principal")
        named = principal.get("AWS") if isinstance(principal, dict) else None
        for one in named if isinstance(named, list) else [named] if named else []:
            # A role of the account has to be there: IAM keeps its unique id (hashicorp/terraform-provider-aws issue 8905).
            own = f":iam::{call.account_id}:role/" in one
            if own and not any(role.arn == one and call.world.knows(f"role {role.name}") for role in backend(call).roles.values()):
                fail("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{one}"')


def encoded(document):
    """As IAM shows documents."""
    text = document if isinstance(document, str) else json.dumps(document)
    return text if text.startswith("%7B") else urllib.parse.quote(text, safe="")


def shown(role: dict) -> dict:
    if role.get("AssumeRolePolicyDocument"):
        role["AssumeRolePolicyDocument"] = encoded(role["AssumeRolePolicyDocument"])
    return role


@on("CreateRole")
def create_role(call: Call):
    name = call.get("RoleName", "")
    check(name, "roleName", NAME, most=64)
    check(call.get("Path", "/"), "path", PATH, most=512)
    check(call.get("Description", ""), "description", re.compile("[\t\n\r\x20-\x7e\xa1-\xff]*"), least=0, most=1000)
    check_session(call)
    if any(role.name.lower() == name.lower() for role in backend(call).roles.values()):
        fail("EntityAlreadyExists", f"Role with name {name} already exists.", 409)
    check_trust(call, call.get("AssumeRolePolicyDocument", ""))
    answer = call.forward()
    shown(answer["Role"])
    return answer


def check_session(call: Call):
    if not 3600 <= int(call.get("MaxSessionDuration") or 3600) <= 43200:
        fail("ValidationError", "1 validation error detected: Value at 'maxSessionDuration' failed to satisfy constraint")


@on(*BY_ROLE)
def by_role(call: Call):
    role_of(call)
    answer = call.forward() or {}
    if "Role" in answer:
        shown(answer["Role"])
    if "PolicyDocument" in answer:
        answer["PolicyDocument"] = encoded(answer["PolicyDocument"])
    return answer


@on("GetPolicy")
def get_policy(call: Call):
    with_aws_policy(call)
    return call.forward()


def with_aws_policy(call: Call):
    """AWS's own policies are there in every account; a thousand of them are not loaded for each."""
    arn, policies = call.get("PolicyArn", ""), backend(call).managed_policies
    if ":iam::aws:policy/" in arn and arn not in policies:
        path, name = arn.split(":policy", 1)[1].rsplit("/", 1)
        about = {
            "Arn": arn,
            # Its ARN is made from this: arn:aws:iam::aws:policy/service-role/NAME.
            "Path": f"{path}/",
            "CreateDate": "2015-02-06T18:40:00+00:00",
            "UpdateDate": "2015-02-06T18:40:00+00:00",
            "DefaultVersionId": "v1",
            "Document": {"Version": "2012-10-17", "Statement": []},
        }
        policies[arn] = AWSManagedPolicy.from_data(name, call.account_id, call.region, about)


@on("AttachRolePolicy")
def attach(call: Call):
    role, arn = role_of(call), call.get("PolicyArn", "")
    with_aws_policy(call)
    if arn not in role.managed_policies and len(role.managed_policies) >= MANAGED_POLICIES:
        fail("LimitExceeded", f"Cannot exceed quota for PoliciesPerRole: {MANAGED_POLICIES}", 409)
    return call.forward()


@on("UpdateRole")
def update_role(call: Call):
    role = role_of(call)
    check_session(call)
    description = call.get("Description")
    answer = call.forward()
    role.max_session_duration = call.get("MaxSessionDuration") or 3600
    if description is not None:
        role.description = description
    return answer


@on("DeleteRole")
def delete_role(call: Call):
    role_of(call)
    return call.forward()


@on("UpdateAssumeRolePolicy")
def update_trust(call: Call):
    role_of(call)
    check_trust(call, call.get("PolicyDocument", ""))
    return call.forward()


@on("PutRolePolicy")
def put_policy(call: Call):
    role, name, document = role_of(call), call.get("PolicyName", ""), call.get("PolicyDocument", "")
    check(name, "policyName", NAME, most=128)
    others = sum(size(policy) for other, policy in role.policies.items() if other != name)
    if others + size(document) > INLINE_POLICIES:
        fail("LimitExceeded", f"Maximum policy size of {INLINE_POLICIES} bytes exceeded for role {role.name}", 409)
    return call.forward()


# --- instance profiles ---------------------------------------------------------------------------


def profile_of(call: Call):
    name = call.get("InstanceProfileName")
    profile = backend(call).instance_profiles.get(name)
    if profile is None or not call.world.knows(f"instance profile {name}"):
        fail("NoSuchEntity", f"Instance Profile {name} cannot be found.", 404)
    return profile


@on("CreateInstanceProfile")
def create_profile(call: Call):
    name = call.get("InstanceProfileName", "")
    check(name, "instanceProfileName", NAME, most=128)
    check(call.get("Path", "/"), "path", PATH, most=512)
    if any(other.lower() == name.lower() for other in backend(call).instance_profiles):
        fail("EntityAlreadyExists", f"Instance Profile {name} already exists.", 409)
    return call.forward()


@on("GetInstanceProfile", "DeleteInstanceProfile", "TagInstanceProfile", "UntagInstanceProfile")
def by_profile(call: Call):
    profile_of(call)
    answer = call.forward() or {}
    for role in (answer.get("InstanceProfile") or {}).get("Roles") or []:
        shown(role)
    return answer


@on("AddRoleToInstanceProfile")
def add_role(call: Call):
    profile_of(call), role_of(call)
    return call.forward()


@on("RemoveRoleFromInstanceProfile")
def remove_role(call: Call):
    profile, role = profile_of(call), role_of(call)
    if role not in profile.roles:
        no_such("role", role.name)
    return call.forward()
