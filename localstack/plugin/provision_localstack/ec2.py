"""EC2."""
from provision_localstack.service import Overrides
overrides = Overrides("ec2")
