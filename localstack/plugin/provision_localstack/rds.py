"""RDS."""
from provision_localstack.service import Overrides
overrides = Overrides("rds")
