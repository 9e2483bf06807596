"""Work that LocalStack and moto do anew for every call although it comes out the same, or in a roundabout way.

Nothing here changes an answer, or remembers one: what is remembered depends on classes, the API's models, how LocalStack
was configured, of headers on the headers themselves, and of paths on the router's rules.
"""

import functools
import re

from localstack import config
from localstack.aws import handlers
from localstack.aws.handlers import service
from localstack.aws.protocol.serializer import ResponseSerializer
from localstack.services.ec2 import provider
from moto.core import responses
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix
from rolo.request import get_raw_path
from rolo.routing import Router
from werkzeug.datastructures import EnvironHeaders, Headers
from werkzeug.exceptions import NotFound

from provision_localstack import query_xml, straight


def install():
    responses.method_names_from_class = functools.cache(responses.method_names_from_class)
    responses.camelcase_to_underscores = functools.cache(responses.camelcase_to_underscores)
    provider.underscores_to_camelcase = functools.cache(provider.underscores_to_camelcase)
    config.is_collect_metrics_mode = functools.cache(config.is_collect_metrics_mode)
    look_headers_up()
    straight.install()
    query_xml.install()
    TaggedEC2Resource.get_tags = own_tags
    Router.dispatch = dispatch
    remember_services()
    remember_mime_types()
    quiet(handlers.log_response)


def look_headers_up():
    """Headers by their names. Werkzeug goes through all of them, and makes an exception with a page of HTML in it
    whenever one is not there."""
    library = Headers.get

    def by_name(headers):
        known, values = headers.__dict__.get("provision_known", (None, None))
        if known != headers._list:
            known, values = list(headers._list), {name.lower(): value for name, value in reversed(headers._list)}
            headers.__dict__["provision_known"] = known, values
        return values

    def get(self, key, default=None, type=None):
        return by_name(self).get(key.lower(), default) if type is None else library(self, key, default, type)

    def __contains__(self, key):
        return key.lower() in by_name(self)

    # These have no list of their own.
    EnvironHeaders.get, EnvironHeaders.__contains__ = library, Headers.__contains__
    Headers.get, Headers.__contains__ = get, __contains__


def own_tags(resource):
    """The tags of one object of EC2, which moto looks for among those of all objects of the account."""
    if not resource.id:
        return []
    resource_type = EC2_PREFIX_TO_RESOURCE.get(get_prefix(resource.id), "")
    return [
        {"resource_id": resource.id, "key": key, "value": value, "resource_type": resource_type}
        for key, value in resource.ec2_backend.tags.get(resource.id, {}).items()
    ]


def dispatch(router, request):
    """As rolo's, but that there is no rule for a path is found out once: calls of AWS's go past all routers."""
    rules, path = router.url_map, get_raw_path(request)
    nothing = router.__dict__.setdefault("provision_nothing", set())
    asked = (rules, len(rules._rules), request.host, request.method, path)
    if asked in nothing:
        raise NotFound
    try:
        handler, args = rules.bind(server_name=request.host).match(path, method=request.method)
    except NotFound:
        if len(nothing) > 1000:
            nothing.clear()
        nothing.add(asked)
        raise
    args.pop("__host__", None)
    return router.dispatcher(request, handler, args)


SIGNED_FOR = re.compile(r"Credential=[^/,]*/[^/,]*/[^/,]*/([^/,]*)/")


def remember_services():
    """Which service a form is for: whose signature it has is the same for RDS and two others, and each call asks all."""
    find = service.determine_aws_service_model
    found = {}

    def determine_aws_service_model(request, services=None):
        headers = request.headers
        signed = SIGNED_FOR.search(headers.get("Authorization", ""))
        form = request.path == "/" and request.mimetype == "application/x-www-form-urlencoded"
        if services or not signed or not form or "X-Amz-Target" in headers or "Smithy-Protocol" in headers:
            return find(request, services)
        values = request.values
        asked = (signed[1], request.host, values.get("Action"), values.get("Version"))
        if asked not in found:
            if len(found) > 1000:
                found.clear()
            found[asked] = find(request)
        return found[asked]

    service.determine_aws_service_model = determine_aws_service_model


def remember_mime_types():
    """What an answer is written as is a matter of two headers."""
    find = ResponseSerializer._get_mime_type
    found = functools.lru_cache(maxsize=1000)(lambda cls, *headers: find(cls, dict(headers)))

    def _get_mime_type(self, headers):
        names = ("Accept", "Content-Type")
        return found(type(self), *((name, value) for name in names if headers and (value := headers.get(name))))

    ResponseSerializer._get_mime_type = _get_mime_type


def quiet(logger):
    """Logs calls that failed; /_provision/calls has all of them, with more about each."""
    log = logger._log

    def failures(context, response):
        if response.status_code >= 400:
            log(context, response)

    logger._log = failures
