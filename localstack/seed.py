"""Makes the network of a kops cluster in LocalStack: VPC, subnets, route tables, security groups, tagged as kops does."""

import argparse
import json
import os
import string
import sys

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

ELB, INTERNAL_ELB = "kubernetes.io/role/elb", "kubernetes.io/role/internal-elb"


def arguments():
    parser = argparse.ArgumentParser(prog="seed", description=__doc__)
    parser.add_argument(
        "--endpoint-url",
        default=os.environ.get("AWS_ENDPOINT_URL") or "http://127.0.0.1:4566",
        help="default: AWS_ENDPOINT_URL, else http://127.0.0.1:4566",
    )
    parser.add_argument("--account", default="000000000000", help="12 digits; each account is a world of its own")
    parser.add_argument("--region", default="eu-west-1")
    parser.add_argument("--cluster", default="k8s.myzone.net")
    parser.add_argument(
        "--topology",
        default="public",
        choices=["public", "private", "shared-vpc", "multi-subnet", "one-zone"],
    )
    parser.add_argument("--zones", type=int, default=3, help="how many availability zones (one-zone: always 1)")
    parser.add_argument("--two-clusters", action="store_true", help="also other.myzone.net, in a VPC of its own")
    parser.add_argument("--legacy-tags", action="store_true", help="Name and KubernetesCluster only, as kops 1.4 did")
    parser.add_argument(
        "--node-group",
        metavar="NAME",
        help="also a running node of an instance group whose securityGroupOverride is a group of this name",
    )
    parser.add_argument(
        "--gone",
        action="store_true",
        help="take the cluster's machines and groups away instead, and the rules of others that hold them",
    )
    parser.add_argument("--no-dns", action="store_true", help="a VPC without enableDnsHostnames")
    parser.add_argument("--json", action="store_true", help="print all ids as JSON instead of the VPC id")
    options = parser.parse_args()
    if not (len(options.account) == 12 and options.account.isdigit()):
        parser.error("--account must be 12 digits")
    return options


class Cluster:
    """One cluster's network; every part is looked for before it is made, so that seeding twice changes nothing."""

    def __init__(self, ec2, options, name, number):
        self.ec2 = ec2
        self.options = options
        self.name = name
        self.net = f"172.{20 + number}"
        self.shared = options.topology == "shared-vpc"

    # -- tags --

    def tags(self, name, **more):
        """What kops' CloudTags gives a resource it owns."""
        tags = {"Name": name, "KubernetesCluster": self.name}
        if not self.options.legacy_tags:
            tags |= {f"kubernetes.io/cluster/{self.name}": "owned"} | more
        return tags

    def subnet_tags(self, name, kind):
        if self.options.legacy_tags:
            # kops 1.4 wrote nothing on shared subnets and asked the user to add the cluster's name.
            return {"KubernetesCluster": self.name} if self.shared else self.tags(name)
        if kind == "Private":
            roles = {INTERNAL_ELB: "1"}
        elif self.options.topology == "private":
            roles = {ELB: "1"}
        else:
            roles = {ELB: "1", INTERNAL_ELB: "1"}
        if self.shared:
            return {f"kubernetes.io/cluster/{self.name}": "shared", "SubnetType": kind} | roles
        return self.tags(name, SubnetType=kind, **roles)

    @staticmethod
    def specification(kind, tags):
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        return [{"ResourceType": kind, "Tags": listed}] if listed else []

    # -- parts --

    def make(self):
        vpc_id = self.find_vpc() or self.make_vpc()
        planned = self.planned_subnets()
        subnets = self.make_subnets(vpc_id, planned)
        if self.options.topology == "multi-subnet":
            subnets.append(self.make_ipv6_subnet(vpc_id))
        groups = self.make_groups(vpc_id)
        if self.options.node_group:
            groups[self.options.node_group] = self.make_node(vpc_id, subnets[0], self.options.node_group)
        if self.shared:
            tables, gateway = [], None
        else:
            gateway = self.make_gateway(vpc_id)
            tables = self.make_route_tables(vpc_id, gateway, subnets)
        return {
            "cluster": self.name,
            "account": self.options.account,
            "region": self.options.region,
            "vpc_id": vpc_id,
            "subnets": subnets,
            "security_groups": groups,
            "route_tables": tables,
            "internet_gateway": gateway,
        }

    def find_vpc(self):
        """The cluster's own subnets and groups tell its VPC, also where the VPC carries no tag."""
        groups = self.ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": [f"nodes.{self.name}"]}])
        found = {group["VpcId"] for group in groups["SecurityGroups"]}
        for wanted in ({"Name": "tag:KubernetesCluster", "Values": [self.name]}, {"Name": "cidr", "Values": [self.net + ".0.0/16"]}):
            if not found:
                found = {vpc["VpcId"] for vpc in self.ec2.describe_vpcs(Filters=[wanted])["Vpcs"]}
        return min(found, default=None)

    def make_vpc(self):
        tags = {} if self.shared else self.tags(self.name)
        vpc = self.ec2.create_vpc(
            CidrBlock=f"{self.net}.0.0/16",
            AmazonProvidedIpv6CidrBlock=self.options.topology == "multi-subnet",
            TagSpecifications=self.specification("vpc", tags),
        )
        vpc_id = vpc["Vpc"]["VpcId"]
        self.ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsSupport={"Value": True})
        self.ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": not self.options.no_dns})
        return vpc_id

    def planned_subnets(self):
        """(name, zone, type, CIDR) of each subnet, as kops lays them out."""
        count = 1 if self.options.topology == "one-zone" else self.options.zones
        zones = [self.options.region + letter for letter in string.ascii_lowercase[:count]]
        private = self.options.topology == "private"
        planned = []
        for index, zone in enumerate(zones):
            wide = f"{self.net}.{32 * (index + 1)}.0/19"
            planned.append((f"{zone}.{self.name}", zone, "Private" if private else "Public", wide))
        for index, zone in enumerate(zones):
            if private:
                planned.append((f"utility-{zone}.{self.name}", zone, "Utility", f"{self.net}.{4 * index}.0/22"))
            if self.options.topology == "multi-subnet":
                planned.append((f"{zone}-1.{self.name}", zone, "Public", f"{self.net}.{4 * index}.0/22"))
        return planned

    def make_subnets(self, vpc_id, planned):
        existing = self.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["Subnets"]
        by_cidr = {subnet.get("CidrBlock"): subnet["SubnetId"] for subnet in existing}
        subnets = []
        for name, zone, kind, cidr in planned:
            subnet_id = by_cidr.get(cidr)
            if subnet_id is None:
                tags = self.specification("subnet", self.subnet_tags(name, kind))
                made = self.ec2.create_subnet(VpcId=vpc_id, CidrBlock=cidr, AvailabilityZone=zone, TagSpecifications=tags)
                subnet_id = made["Subnet"]["SubnetId"]
            subnets.append({"id": subnet_id, "zone": zone, "type": kind, "name": name, "cidr": cidr})
        return subnets

    def make_ipv6_subnet(self, vpc_id):
        """A subnet without IPv4 addresses, as the private ones of kops' IPv6 clusters: of no use to RDS."""
        zone = self.options.region + "a"
        name = f"ipv6-{zone}.{self.name}"
        vpc = self.ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"][0]
        cidr = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("::/56", "::/64")
        existing = self.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["Subnets"]
        subnet_id = next((subnet["SubnetId"] for subnet in existing if subnet.get("Ipv6Native")), None)
        if subnet_id is None:
            made = self.ec2.create_subnet(
                VpcId=vpc_id,
                AvailabilityZone=zone,
                Ipv6Native=True,
                Ipv6CidrBlock=cidr,
                TagSpecifications=self.specification("subnet", self.subnet_tags(name, "Private")),
            )
            subnet_id = made["Subnet"]["SubnetId"]
        return {"id": subnet_id, "zone": zone, "type": "Private", "name": name, "cidr": cidr}

    def make_groups(self, vpc_id):
        existing = self.ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["SecurityGroups"]
        by_name = {group["GroupName"]: group["GroupId"] for group in existing}
        # The last three are decoys: they carry the cluster's tag and are not the nodes' group.
        wanted = {
            "nodes": (f"nodes.{self.name}", "Security group for nodes"),
            "masters": (f"masters.{self.name}", "Security group for masters"),
            "bastion": (f"bastion.{self.name}", "Security group for bastion"),
            "api-elb": (f"api-elb.{self.name}", "Security group for api ELB"),
            "k8s-elb": ("k8s-elb-a0123456789abcdef", "Security group for Kubernetes ELB a0123456789abcdef"),
        }
        groups, new = {}, set()
        for key, (name, description) in wanted.items():
            if name not in by_name:
                tags = self.specification("security-group", self.tags(name))
                made = self.ec2.create_security_group(
                    GroupName=name, Description=description, VpcId=vpc_id, TagSpecifications=tags
                )
                by_name[name] = made["GroupId"]
                new.add(key)
            groups[key] = by_name[name]
        for target, sources in self.rules(groups).items():
            if target in new:
                self.ec2.authorize_security_group_ingress(GroupId=groups[target], IpPermissions=sources)
        return groups

    def make_node(self, vpc_id, subnet, group_name):
        """A node as kops starts it with `securityGroupOverride` (kops, pkg/model/awsmodel/autoscalinggroup.go): its tags, and
        the group of the cluster's owner in place of the one that kops makes. kops never tags that group."""
        here = [{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "group-name", "Values": [group_name]}]
        existing = self.ec2.describe_security_groups(Filters=here)["SecurityGroups"]
        if existing:
            return existing[0]["GroupId"]
        made = self.ec2.create_security_group(GroupName=group_name, Description="Some of the nodes", VpcId=vpc_id)
        tags = self.tags(f"{group_name}.{self.name}") | {"kops.k8s.io/instancegroup": group_name, "k8s.io/role/node": "1"}
        self.ec2.run_instances(
            ImageId="ami-12c6146b",
            InstanceType="t3.medium",
            MinCount=1,
            MaxCount=1,
            SubnetId=subnet["id"],
            SecurityGroupIds=[made["GroupId"]],
            TagSpecifications=self.specification("instance", tags),
        )
        return made["GroupId"]

    def take_away(self):
        """What `kops delete cluster` takes away first, machines and groups. AWS keeps a group for as long as a rule of another
        one names it (EC2 user guide, "Delete a security group"), which holds kops up: people revoke such rules by hand."""
        vpc_id = self.find_vpc()
        here = [{"Name": "vpc-id", "Values": [vpc_id]}]
        pages = self.ec2.describe_instances(Filters=here)["Reservations"]
        machines = [instance["InstanceId"] for page in pages for instance in page["Instances"]]
        if machines:
            self.ec2.terminate_instances(InstanceIds=machines)
        groups = self.ec2.describe_security_groups(Filters=here)["SecurityGroups"]
        own = {group["GroupId"] for group in groups if {"Key": "KubernetesCluster", "Value": self.name} in group.get("Tags", [])}
        for group in groups:
            naming = [
                {"IpProtocol": rule["IpProtocol"], "UserIdGroupPairs": pairs}
                | {name: rule[name] for name in ("FromPort", "ToPort") if name in rule}
                for rule in group["IpPermissions"]
                if (pairs := [{"GroupId": pair["GroupId"]} for pair in rule["UserIdGroupPairs"] if pair["GroupId"] in own])
            ]
            if naming:
                self.ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=naming)
        for group_id in own:
            self.ec2.delete_security_group(GroupId=group_id)
        return {"cluster": self.name, "vpc_id": vpc_id}

    @staticmethod
    def rules(groups):
        def from_group(source, protocol="-1", first=None, last=None):
            ports = {} if first is None else {"FromPort": first, "ToPort": last}
            return {"IpProtocol": protocol, "UserIdGroupPairs": [{"GroupId": groups[source]}]} | ports

        def from_world(port):
            return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}

        return {
            "nodes": [from_group("nodes"), from_group("masters"), from_group("bastion", "tcp", 22, 22)],
            "masters": [
                from_group("masters"),
                from_group("nodes", "tcp", 1, 2379),
                from_group("nodes", "tcp", 2382, 4000),
                from_group("nodes", "tcp", 4003, 65535),
                from_group("nodes", "udp", 1, 65535),
                from_group("bastion", "tcp", 22, 22),
                from_group("api-elb", "tcp", 443, 443),
            ],
            "bastion": [from_world(22)],
            "api-elb": [from_world(443)],
            "k8s-elb": [from_world(80)],
        }

    def make_gateway(self, vpc_id):
        attached = [{"Name": "attachment.vpc-id", "Values": [vpc_id]}]
        for gateway in self.ec2.describe_internet_gateways(Filters=attached)["InternetGateways"]:
            return gateway["InternetGatewayId"]
        tags = self.specification("internet-gateway", self.tags(self.name))
        gateway_id = self.ec2.create_internet_gateway(TagSpecifications=tags)["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway_id, VpcId=vpc_id)
        return gateway_id

    def make_route_tables(self, vpc_id, gateway, subnets):
        existing = self.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["RouteTables"]
        by_name = {tag["Value"]: table["RouteTableId"] for table in existing for tag in table["Tags"] if tag["Key"] == "Name"}
        tables = []
        for name, role, members in self.planned_tables(subnets):
            if name not in by_name:
                tags = self.specification("route-table", self.tags(name, **{"kubernetes.io/kops/role": role}))
                made = self.ec2.create_route_table(VpcId=vpc_id, TagSpecifications=tags)
                by_name[name] = made["RouteTable"]["RouteTableId"]
                if role == "public":
                    self.ec2.create_route(
                        RouteTableId=by_name[name], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway
                    )
                for subnet in members:
                    self.ec2.associate_route_table(RouteTableId=by_name[name], SubnetId=subnet["id"])
            tables.append({"id": by_name[name], "name": name, "role": role})
        return tables

    def planned_tables(self, subnets):
        """(name, role, subnets): one public table, and for private subnets one a zone."""
        public = [subnet for subnet in subnets if subnet["type"] != "Private"]
        yield self.name, "public", public
        for subnet in subnets:
            if subnet["type"] == "Private":
                yield f"private-{subnet['zone']}.{self.name}", f"private-{subnet['zone']}", [subnet]


def main():
    options = arguments()
    session = botocore.session.get_session()
    ec2 = session.create_client(
        "ec2",
        region_name=options.region,
        endpoint_url=options.endpoint_url,
        # LocalStack takes a 12-digit access key id for the account.
        aws_access_key_id=options.account,
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 2}),
    )
    names = [options.cluster] + (["other.myzone.net"] if options.two_clusters else [])
    try:
        zones = len(ec2.describe_availability_zones()["AvailabilityZones"])
        if not 1 <= options.zones <= min(zones, 6):
            sys.exit(f"seed: --zones {options.zones}: {options.region} has {zones} zones here.")
        clusters = [Cluster(ec2, options, name, number) for number, name in enumerate(names)]
        made = [cluster.take_away() if options.gone else cluster.make() for cluster in clusters]
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"seed: {error}")
    if options.json:
        print(json.dumps(made if options.two_clusters else made[0]))
    else:
        for cluster in made:
            print(cluster["vpc_id"])


main()
