"""EFS."""
from provision_localstack.service import Overrides
overrides = Overrides("efs")
