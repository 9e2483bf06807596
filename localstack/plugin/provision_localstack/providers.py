"""The services as LocalStack's entry points find them."""

from types import SimpleNamespace

from localstack.services.moto import MotoFallbackDispatcher
from localstack.services.plugins import Service, aws_provider


def _service(overrides, provider=None, below=None):
    provider = provider or SimpleNamespace(service=overrides.service)
    return Service.for_provider(provider, dispatch_table_factory=lambda _: overrides.table(below))


@aws_provider(api="ec2", name="provision")
def ec2():
    from localstack.services.ec2.provider import Ec2Provider

    from provision_localstack.ec2 import overrides

    provider = Ec2Provider()
    return _service(overrides, provider, MotoFallbackDispatcher(provider))


@aws_provider(api="iam", name="provision")
def iam():
    from localstack.services.iam.provider import IamProvider

    from provision_localstack.iam import overrides

    provider = IamProvider()
    return _service(overrides, provider, MotoFallbackDispatcher(provider))


@aws_provider(api="ssm", name="provision")
def ssm():
    from localstack.services.ssm.provider import SsmProvider

    from provision_localstack.ssm import overrides

    provider = SsmProvider()
    return _service(overrides, provider, MotoFallbackDispatcher(provider))


@aws_provider(api="efs")
def efs():
    from provision_localstack.efs import overrides

    return _service(overrides)


@aws_provider(api="backup")
def backup():
    from provision_localstack.backup import overrides

    return _service(overrides)


@aws_provider(api="service-quotas")
def service_quotas():
    from provision_localstack.quotas import overrides

    return _service(overrides)


@aws_provider(api="rds")
def rds():
    from provision_localstack.rds import overrides

    return _service(overrides)


@aws_provider(api="elasticache")
def elasticache():
    from provision_localstack.elasticache import overrides

    return _service(overrides)
