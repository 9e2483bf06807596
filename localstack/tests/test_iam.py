"""IAM: roles, their policies, instance profiles, and what is not known everywhere at once."""

import json
import urllib.parse

from base import Case

EC2 = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


class Iam(Case):
    iam = property(lambda self: self.client("iam"))

    def make(self, name="role", **more):
        return self.iam.create_role(RoleName=name, **({"AssumeRolePolicyDocument": policy(EC2)} | more))["Role"]

    def refuse(self, code, status=400, **more):
        wanted = {"RoleName": "other", "AssumeRolePolicyDocument": policy(EC2)} | more
        return self.refused(code, self.iam.create_role, status=status, **wanted)

    def test_names_are_not_distinguished_by_case(self):
        self.make("Role")
        self.refuse("EntityAlreadyExists", 409, RoleName="rOLE")
        self.iam.create_instance_profile(InstanceProfileName="Profile")
        self.refused("EntityAlreadyExists", self.iam.create_instance_profile, status=409, InstanceProfileName="PROFILE")

    def test_values_are_checked(self):
        for more in (
            {"RoleName": "a b"},
            {"RoleName": "x" * 65},
            {"Path": "no-slash"},
            {"Description": "x" * 1001},
            {"Description": "\u2013"},
            {"MaxSessionDuration": 3599},
        ):
            self.refuse("ValidationError", **more)

    def test_trust_policies_are_checked(self):
        for document in (
            "{",
            policy(EC2 | {"Action": "s3:GetObject"}),
            policy(EC2 | {"Resource": "*"}),
            policy({"Effect": "Allow", "Action": "sts:AssumeRole"}),
        ):
            self.refuse("MalformedPolicyDocument", AssumeRolePolicyDocument=document)
        missing = {"AWS": f"arn:aws:iam::{self.account}:role/role"}
        trust = policy(EC2 | {"Principal": missing})
        answer = self.refuse("MalformedPolicyDocument", AssumeRolePolicyDocument=trust)
        self.assertIn("Invalid principal", answer["Error"]["Message"])
        self.make()
        self.make("other", AssumeRolePolicyDocument=trust)

    def test_sizes_are_limited(self):
        long = policy(EC2 | {"Sid": "x" * 2048})
        self.refuse("LimitExceeded", 409, AssumeRolePolicyDocument=long)
        self.make()
        put = dict(RoleName="role", PolicyDocument=policy(ALLOW | {"Sid": "x" * 6000}))
        self.iam.put_role_policy(PolicyName="one", **put)
        self.iam.put_role_policy(PolicyName="one", **put)
        self.refused("LimitExceeded", self.iam.put_role_policy, status=409, PolicyName="two", **put)
        for number in range(10):
            self.iam.attach_role_policy(RoleName="role", PolicyArn=f"arn:aws:iam::aws:policy/P{number}")
        more = "arn:aws:iam::aws:policy/P10"
        self.refused("LimitExceeded", self.iam.attach_role_policy, status=409, RoleName="role", PolicyArn=more)

    def test_documents_are_shown_encoded(self):
        self.make()
        self.iam.put_role_policy(RoleName="role", PolicyName="one", PolicyDocument=policy(ALLOW))
        # The client decodes, as AWS's own do; what it got is in the handler of the event.
        shown = []
        self.iam.meta.events.register("before-parse.iam.*", lambda response_dict, **_: shown.append(response_dict["body"]))
        role = self.iam.get_role(RoleName="role")["Role"]
        one = self.iam.get_role_policy(RoleName="role", PolicyName="one")
        self.assertEqual(role["AssumeRolePolicyDocument"], json.loads(policy(EC2)))
        self.assertEqual(one["PolicyDocument"], json.loads(policy(ALLOW)))
        for body, document in zip(shown, (policy(EC2), policy(ALLOW)), strict=True):
            self.assertIn(urllib.parse.quote(document, safe="").encode(), body)

    def test_a_role_in_use_is_not_deleted(self):
        self.make()
        self.iam.create_instance_profile(InstanceProfileName="profile")
        self.iam.add_role_to_instance_profile(InstanceProfileName="profile", RoleName="role")
        self.make("second")
        self.refused(
            "LimitExceeded",
            self.iam.add_role_to_instance_profile,
            status=409,
            InstanceProfileName="profile",
            RoleName="second",
        )
        self.refused(
            "NoSuchEntity",
            self.iam.remove_role_from_instance_profile,
            status=404,
            InstanceProfileName="profile",
            RoleName="second",
        )
        self.refused("DeleteConflict", self.iam.delete_role, status=409, RoleName="role")
        self.refused("DeleteConflict", self.iam.delete_instance_profile, status=409, InstanceProfileName="profile")
        self.iam.remove_role_from_instance_profile(InstanceProfileName="profile", RoleName="role")
        self.iam.delete_instance_profile(InstanceProfileName="profile")
        self.iam.put_role_policy(RoleName="role", PolicyName="one", PolicyDocument=policy(ALLOW))
        self.refused("DeleteConflict", self.iam.delete_role, status=409, RoleName="role")
        self.iam.delete_role_policy(RoleName="role", PolicyName="one")
        self.iam.delete_role(RoleName="role")
        self.refused("NoSuchEntity", self.iam.get_role, status=404, RoleName="role")

    def test_an_update_without_a_session_sets_one_hour(self):
        self.make(MaxSessionDuration=7200, Description="d")
        self.iam.update_role(RoleName="role", Description="e")
        role = self.iam.get_role(RoleName="role")["Role"]
        self.assertEqual((role["MaxSessionDuration"], role["Description"]), (3600, "e"))

    def test_what_was_just_made_is_not_known_everywhere(self):
        self.settings(unknown=0.3)
        self.make()
        self.refused("NoSuchEntity", self.iam.get_role, status=404, RoleName="role")
        put = dict(RoleName="role", PolicyName="one", PolicyDocument=policy(ALLOW))
        self.refused("NoSuchEntity", self.iam.put_role_policy, status=404, **put)
        trust = policy(EC2 | {"Principal": {"AWS": f"arn:aws:iam::{self.account}:role/role"}})
        self.refuse("MalformedPolicyDocument", AssumeRolePolicyDocument=trust)
        self.settings()
        self.iam.put_role_policy(**put)
