"""EC2: security groups and their rules, what holds back a deletion, paging."""

from base import CREDENTIALS, NUMBERS, Case

TCP = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432}


def cidr(block, **more):
    return TCP | {"IpRanges": [{"CidrIp": block}]} | more


def pair(group, **more):
    return TCP | {"UserIdGroupPairs": [{"GroupId": group} | more]}


class Groups(Case):
    def setUp(self):
        super().setUp()
        self.network()

    def create(self, name, description="d"):
        return {"GroupName": name, "Description": description, "VpcId": self.vpc}

    def test_names_are_checked(self):
        create = self.ec2.create_security_group
        for name in ("sg-abc", "x" * 256, "ü"):
            self.refused("InvalidParameterValue", create, **self.create(name))
        self.refused("InvalidParameterValue", create, **self.create("a", "naïve"))
        self.refused("InvalidGroup.Reserved", create, **self.create("Default"))
        self.refused("InvalidVpcID.NotFound", create, **self.create("a") | {"VpcId": "vpc-12345678"})

    def test_names_differ_by_more_than_case(self):
        self.group("GitLab-pgsql")
        self.refused("InvalidGroup.Duplicate", self.ec2.create_security_group, **self.create("gitlab-PGSQL"))

    def test_reserved_tags(self):
        group = self.group()
        tags = [{"Key": "aws:x", "Value": "1"}]
        self.refused("InvalidParameterValue", self.ec2.create_tags, Resources=[group], Tags=tags)

    def test_what_was_just_made_is_unknown_to_those_who_use_it_for_a_while(self):
        old = self.group("old")
        self.settings(unknown=600)
        new = self.group("new")
        tags, rules = [{"Key": "a", "Value": "b"}], self.ec2.authorize_security_group_ingress
        self.refused("InvalidGroup.NotFound", self.ec2.create_tags, Resources=[new], Tags=tags)
        self.refused("InvalidGroup.NotFound", rules, GroupId=new, IpPermissions=[cidr("10.0.0.0/8")])
        self.refused("InvalidGroup.NotFound", rules, GroupId=old, IpPermissions=[pair(new)])
        fs = self.efs.create_file_system(CreationToken="t")["FileSystemId"]
        target = {"FileSystemId": fs, "SubnetId": self.subnets[0]}
        self.refused("SecurityGroupNotFound", self.efs.create_mount_target, **target, SecurityGroups=[new])
        self.settings()
        rules(GroupId=old, IpPermissions=[pair(new)])
        self.efs.create_mount_target(**target, SecurityGroups=[new])

    def test_a_group_in_use_stays(self):
        used, user = self.group("used"), self.group("user")
        self.ec2.authorize_security_group_ingress(GroupId=user, IpPermissions=[pair(used)])
        self.refused("DependencyViolation", self.ec2.delete_security_group, GroupId=used)
        self.ec2.delete_security_group(GroupId=user)
        self.ec2.create_network_interface(SubnetId=self.subnets[0], Groups=[used])
        self.refused("DependencyViolation", self.ec2.delete_security_group, GroupId=used)
        self.refused("DependencyViolation", self.ec2.delete_subnet, SubnetId=self.subnets[0])

    def test_a_group_that_names_itself_goes(self):
        group = self.group()
        self.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[pair(group)])
        self.ec2.delete_security_group(GroupId=group)
        self.refused("InvalidGroup.NotFound", self.ec2.delete_security_group, GroupId=group)

    def test_a_group_of_another_vpc_is_a_source_where_the_two_are_peered(self):
        group, ours = self.group(), self.vpc
        theirs = self.network(net="10.1")
        other = self.group("other")
        ask = self.ec2.authorize_security_group_ingress
        self.refused("InvalidGroup.NotFound", ask, GroupId=group, IpPermissions=[pair(other)])
        made = self.ec2.create_vpc_peering_connection(VpcId=ours, PeerVpcId=theirs)["VpcPeeringConnection"]
        active = [{"Name": "status-code", "Values": ["active"]}]
        self.assertEqual(self.ec2.describe_vpc_peering_connections(Filters=active)["VpcPeeringConnections"], [])
        self.refused("InvalidGroup.NotFound", ask, GroupId=group, IpPermissions=[pair(other)])
        self.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=made["VpcPeeringConnectionId"])
        found = self.ec2.describe_vpc_peering_connections(Filters=active)["VpcPeeringConnections"]
        self.assertEqual([one["AccepterVpcInfo"]["VpcId"] for one in found], [theirs])
        ask(GroupId=group, IpPermissions=[pair(other)])

    def test_a_group_of_another_account_is_a_source_by_its_account_where_the_two_are_peered(self):
        group, ours, first = self.group(), self.vpc, self.account
        CREDENTIALS.access_key = second = str(next(NUMBERS))
        theirs = self.network(net="10.1")
        other = self.group("other")
        CREDENTIALS.access_key = first
        peer = TCP | {"UserIdGroupPairs": [{"GroupId": other, "UserId": second}]}
        ask = self.ec2.authorize_security_group_ingress
        self.refused("InvalidGroup.NotFound", ask, GroupId=group, IpPermissions=[pair(other)])
        self.refused("InvalidGroup.NotFound", ask, GroupId=group, IpPermissions=[peer])
        made = self.ec2.create_vpc_peering_connection(VpcId=ours, PeerVpcId=theirs, PeerOwnerId=second)
        CREDENTIALS.access_key = second
        self.ec2.accept_vpc_peering_connection(
            VpcPeeringConnectionId=made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        )
        CREDENTIALS.access_key = first
        ask(GroupId=group, IpPermissions=[peer])
        shown = self.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
        self.assertEqual([(one["GroupId"], one["UserId"]) for one in shown[0]["UserIdGroupPairs"]], [(other, second)])
        filters = [{"Name": "group-id", "Values": [group]}]
        rules = self.ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
        named = [one["ReferencedGroupInfo"] for one in rules if "ReferencedGroupInfo" in one]
        self.assertEqual([(one["GroupId"], one["UserId"]) for one in named], [(other, second)])

    def test_a_prefix_list_is_a_source_that_counts_as_its_most_entries(self):
        group = self.group()
        made = self.ec2.create_managed_prefix_list(PrefixListName="offices", MaxEntries=40, AddressFamily="IPv4")
        listed = made["PrefixList"]["PrefixListId"]
        source = lambda name, **more: TCP | {"PrefixListIds": [{"PrefixListId": name} | more]}
        ask = self.ec2.authorize_security_group_ingress
        self.refused("InvalidPrefixListID.NotFound", ask, GroupId=group, IpPermissions=[source("pl-0123456789abcdef0")])
        ask(GroupId=group, IpPermissions=[source(listed, Description="our offices")])
        shown = self.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
        self.assertEqual(shown[0]["PrefixListIds"], [{"PrefixListId": listed, "Description": "our offices"}])
        rules = [cidr(f"10.{number}.0.0/16") for number in range(20)]
        ask(GroupId=group, IpPermissions=rules)
        self.refused("RulesPerSecurityGroupLimitExceeded", ask, GroupId=group, IpPermissions=[cidr("10.99.0.0/16")])
        self.ec2.update_security_group_rule_descriptions_ingress(
            GroupId=group, IpPermissions=[source(listed, Description="all offices")]
        )
        shown = self.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
        lists = [each for permission in shown for each in permission.get("PrefixListIds") or []]
        self.assertEqual(lists, [{"PrefixListId": listed, "Description": "all offices"}])

    def test_the_default_group_stays(self):
        self.refused("CannotDelete", self.ec2.delete_security_group, GroupId=self.default_group())

    def test_one_of_several_tag_keys_is_enough(self):
        tags = [{"Key": "b", "Value": "1"}, {"Key": "Name", "Value": "x"}]
        interface = self.ec2.create_network_interface(SubnetId=self.subnets[0])["NetworkInterface"]["NetworkInterfaceId"]
        group = self.group()
        self.ec2.create_tags(Resources=[self.vpc, self.subnets[0], group, interface], Tags=tags)
        for name, values, found in (
            ("tag-key", ["a", "b"], 1),
            ("tag-key", ["b", "a"], 1),
            ("tag-key", ["b", "Name"], 1),
            ("tag-key", ["?", "c"], 1),
            ("tag-key", ["a", "B"], 0),
            ("tag-value", ["0", "1"], 1),
            ("tag:b", ["0", "1"], 1),
        ):
            only = {"Filters": [{"Name": name, "Values": values}]}
            seen = (
                self.ec2.describe_vpcs(**only)["Vpcs"],
                self.ec2.describe_subnets(**only)["Subnets"],
                self.ec2.describe_security_groups(**only)["SecurityGroups"],
                self.ec2.describe_network_interfaces(**only)["NetworkInterfaces"],
            )
            self.assertEqual([len(rows) for rows in seen], [found] * 4, (name, values))
        both = [{"Name": "tag-key", "Values": ["a", "b"]}, {"Name": "vpc-id", "Values": ["vpc-12345678"]}]
        self.assertEqual(self.ec2.describe_subnets(Filters=both)["Subnets"], [])

    def test_malformed_ids_and_unknown_filters(self):
        self.refused("InvalidGroupId.Malformed", self.ec2.describe_security_groups, GroupIds=["sg-x"])
        self.refused("InvalidVpcID.Malformed", self.ec2.describe_vpcs, VpcIds=["vpc"])
        filters = [{"Name": "colour", "Values": ["red"]}]
        self.refused("InvalidParameterValue", self.ec2.describe_security_groups, Filters=filters)
        self.refused("InvalidParameterValue", self.ec2.describe_security_group_rules, Filters=filters)
        self.refused("InvalidParameterValue", self.ec2.describe_subnets, Filters=filters)

    def test_addresses_of_ipv6_subnets_fit(self):
        vpc = self.ec2.create_vpc(CidrBlock="10.2.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
        cidr = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
        wanted = {"VpcId": vpc["VpcId"], "AvailabilityZone": "eu-west-1a", "Ipv6Native": True, "Ipv6CidrBlock": cidr}
        subnet = self.ec2.create_subnet(**wanted)["Subnet"]
        self.assertLess(subnet["AvailableIpAddressCount"], 2**31)
        fs = self.efs.create_file_system(CreationToken="t")["FileSystemId"]
        target = {"FileSystemId": fs, "SubnetId": subnet["SubnetId"]}
        self.refused("BadRequest", self.efs.create_mount_target, **target)
        group = {"DBSubnetGroupName": "g", "DBSubnetGroupDescription": "d", "SubnetIds": [*self.subnets, subnet["SubnetId"]]}
        self.refused("InvalidSubnet", self.rds.create_db_subnet_group, **group)

    def test_paging(self):
        for number in range(12):
            self.group(f"g{number}")
        everything = {group["GroupId"] for group in self.ec2.describe_security_groups()["SecurityGroups"]}
        pages = self.ec2.get_paginator("describe_security_groups").paginate(PaginationConfig={"PageSize": 5})
        shown = [[group["GroupId"] for group in page["SecurityGroups"]] for page in pages]
        self.assertEqual({len(page) for page in shown[:-1]}, {5})
        self.assertEqual({group for page in shown for group in page}, everything)
        for operation in ("describe_vpcs", "describe_subnets", "describe_security_group_rules"):
            self.refused("InvalidParameterValue", getattr(self.ec2, operation), MaxResults=4)
        self.assertIn("NextToken", self.ec2.describe_security_group_rules(MaxResults=5))
        self.assertEqual(self.ec2.describe_network_interfaces(MaxResults=5)["NetworkInterfaces"], [])


class Rules(Case):
    def setUp(self):
        super().setUp()
        self.network()
        self.one, self.other = self.group("one"), self.group("other")

    def authorize(self, *permissions):
        answer = self.ec2.authorize_security_group_ingress(GroupId=self.one, IpPermissions=list(permissions))
        return answer["SecurityGroupRules"]

    def refuse(self, code, *permissions):
        authorize = self.ec2.authorize_security_group_ingress
        self.refused(code, authorize, GroupId=self.one, IpPermissions=list(permissions))

    def rules(self):
        found = self.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [self.one]}])
        return [rule for rule in found["SecurityGroupRules"] if not rule["IsEgress"]]

    def test_all_rules_are_returned(self):
        made = self.authorize(cidr("10.0.0.0/24"), cidr("10.1.0.0/24"), pair(self.other, Description="nodes"))
        self.assertEqual({rule["SecurityGroupRuleId"] for rule in made}, {rule["SecurityGroupRuleId"] for rule in self.rules()})
        self.assertEqual(made[2]["ReferencedGroupInfo"]["GroupId"], self.other)
        self.assertEqual(made[2]["Description"], "nodes")

    def test_a_refused_request_leaves_nothing(self):
        self.authorize(cidr("10.0.0.0/24"))
        self.refuse("InvalidPermission.Duplicate", cidr("10.9.0.0/24"), cidr("10.0.0.0/24"))
        self.assertEqual(len(self.rules()), 1)

    def test_the_description_is_no_part_of_a_rule(self):
        self.authorize(pair(self.other, Description="a"))
        self.refuse("InvalidPermission.Duplicate", pair(self.other, Description="b"))
        self.assertEqual(self.rules()[0]["Description"], "a")
        renamed = [pair(self.other, Description="c")]
        self.ec2.update_security_group_rule_descriptions_ingress(GroupId=self.one, IpPermissions=renamed)
        self.assertEqual(self.rules()[0]["Description"], "c")
        self.ec2.revoke_security_group_ingress(GroupId=self.one, IpPermissions=[pair(self.other)])
        self.assertEqual(self.rules(), [])

    def test_descriptions_are_changed_and_taken_away(self):
        update, read = self.ec2.update_security_group_rule_descriptions_ingress, self.rules
        made = self.authorize(cidr("10.0.0.0/24"), pair(self.other, Description="nodes"))
        by_id = [{"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "Description": "both"} for rule in made]
        update(GroupId=self.one, SecurityGroupRuleDescriptions=by_id)
        self.assertEqual([rule["Description"] for rule in read()], ["both", "both"])
        group = self.ec2.describe_security_groups(GroupIds=[self.one])["SecurityGroups"][0]["IpPermissions"][0]
        self.assertEqual(group["IpRanges"][0]["Description"], "both")
        self.assertEqual(group["UserIdGroupPairs"][0]["Description"], "both")
        update(GroupId=self.one, SecurityGroupRuleDescriptions=[{"SecurityGroupRuleId": by_id[0]["SecurityGroupRuleId"]}])
        update(GroupId=self.one, IpPermissions=[pair(self.other)])
        self.assertEqual([rule.get("Description") for rule in read()], [None, None])

    def test_egress_has_descriptions_of_its_own_and_what_is_not_there_is_said(self):
        rules = self.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [self.one]}])
        (egress,) = rules["SecurityGroupRules"]
        wanted = [{"SecurityGroupRuleId": egress["SecurityGroupRuleId"], "Description": "out"}]
        refused = self.ec2.update_security_group_rule_descriptions_ingress
        code = "InvalidSecurityGroupRuleId.NotFound"
        self.refused(code, refused, GroupId=self.one, SecurityGroupRuleDescriptions=wanted)
        self.refused("InvalidPermission.NotFound", refused, GroupId=self.one, IpPermissions=[cidr("10.0.0.0/24")])
        self.refused("MissingParameter", refused, GroupId=self.one)
        update = self.ec2.update_security_group_rule_descriptions_egress
        update(GroupId=self.one, SecurityGroupRuleDescriptions=wanted)
        rules = self.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [self.one]}])
        self.assertEqual(rules["SecurityGroupRules"][0]["Description"], "out")

    def test_ports_are_checked(self):
        for ports in ({}, {"FromPort": 1, "ToPort": 70000}, {"FromPort": 9, "ToPort": 8}):
            self.refuse("InvalidParameterValue", {"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]} | ports)

    def test_host_bits_are_cleared(self):
        self.authorize(cidr("10.0.0.5/24"))
        self.assertEqual(self.rules()[0]["CidrIpv4"], "10.0.0.0/24")
        self.refuse("InvalidParameterValue", cidr("10.0.0.0"))

    def test_all_protocols_with_ports(self):
        self.authorize({"IpProtocol": "-1", "FromPort": 0, "ToPort": 0, "UserIdGroupPairs": [{"GroupId": self.other}]})
        self.assertEqual((self.rules()[0]["FromPort"], self.rules()[0]["ToPort"]), (-1, -1))
        self.refuse("InvalidPermission.Duplicate", {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": self.other}]})

    def test_groups_of_another_network(self):
        home = self.vpc
        elsewhere = self.group("elsewhere", self.network(net="10.1"))
        self.vpc = home
        self.refuse("InvalidGroup.NotFound", pair(elsewhere))
        self.refuse("InvalidGroup.NotFound", pair("sg-12345678"))

    def test_at_most_sixty(self):
        self.authorize(*[cidr(f"10.{number}.0.0/16") for number in range(60)])
        self.refuse("RulesPerSecurityGroupLimitExceeded", cidr("11.0.0.0/16"))

    def test_modify(self):
        (rule,) = self.authorize(pair(self.other))
        third = self.group("third")

        def change(**new):
            update = [{"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": new}]
            return {"GroupId": self.one, "SecurityGroupRules": update}

        self.ec2.modify_security_group_rules(**change(IpProtocol="-1", ReferencedGroupId=third, Description="x"))
        (shown,) = self.rules()
        self.assertEqual((shown["ReferencedGroupInfo"]["GroupId"], shown["IpProtocol"]), (third, "-1"))
        modify = self.ec2.modify_security_group_rules
        self.refused("InvalidParameterValue", modify, **change(IpProtocol="-1", CidrIpv4="10.0.0.0/8"))

    def test_rule_tags(self):
        tags = [{"ResourceType": "security-group-rule", "Tags": [{"Key": "Name", "Value": "from-nodes"}]}]
        permissions = [cidr("10.0.0.0/24")]
        self.ec2.authorize_security_group_ingress(GroupId=self.one, IpPermissions=permissions, TagSpecifications=tags)
        self.assertEqual(self.rules()[0]["Tags"], tags[0]["Tags"])
