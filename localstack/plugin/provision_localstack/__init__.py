"""EFS, RDS and a stricter EC2 for LocalStack's open edition, over the moto back ends that it carries."""
