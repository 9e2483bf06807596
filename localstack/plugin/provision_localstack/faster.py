"""Work that LocalStack and moto do anew for every call although it comes out the same, or in a roundabout way.

Nothing here changes an answer, or remembers one: what is remembered depends on classes and on the API's models alone.
"""

import functools
import threading
from xml.sax.saxutils import escape, quoteattr

from botocore.utils import parse_timestamp
from localstack.aws import forwarder, handlers
from localstack.aws.protocol.serializer import BaseXMLResponseSerializer
from localstack.constants import APPLICATION_JSON
from localstack.services import moto
from moto.core import responses, serialize
from moto.core.utils import MISSING, get_value


def install():
    responses.method_names_from_class = functools.cache(responses.method_names_from_class)
    serialize.ResponseSerializer.get_value = member_value
    straight()
    plain_body(serialize.BaseXMLSerializer, declaration="")
    plain_body(serialize.EC2Serializer, declaration='<?xml version="1.0" encoding="utf-8"?>\n')
    plain_node(BaseXMLResponseSerializer)
    quiet(handlers.log_response)


# --- what an object has for a member of an answer ------------------------------------------------


def member_value(serializer, value, key, shape):
    """As moto's, but for the names that are tried: for a member and a class they are always the same."""
    cls = type(value)
    try:
        names, take = shape.provision_names[cls]
    except AttributeError:
        shape.provision_names = {}
        names, take = shape.provision_names[cls] = names_of(serializer, value, key, shape)
    except KeyError:
        names, take = shape.provision_names[cls] = names_of(serializer, value, key, shape)
    found = None
    for name in names:
        one = take(value, name, MISSING)
        if one is not MISSING:
            found = one
            break
    if transformers := serializer._value_picker.response_transformers:
        path = ".".join([*serializer.path, key])
        for end, transform in transformers.items():
            if path.endswith(end):
                return transform(found)
    return found


def names_of(serializer, value, key, shape):
    """The names to try, and how an object of this class is asked for one of them."""
    context = serialize.AttributePickerContext(obj=value, key=key, shape=shape)
    names = tuple(dict.fromkeys(serializer._value_picker.get_possible_keys(context)))
    if any("." in name for name in names):
        return names, get_value
    if type(value) is dict:
        return names, dict.get
    return names, get_value if hasattr(value, "__getitem__") else getattr


# --- from moto to LocalStack without a text in between -------------------------------------------


class Unusual(Exception):
    """What only the library writes, or reads, rightly."""


class Handover(threading.local):
    """What moto answers to the call of this thread, as LocalStack would read it from moto's text."""

    wanted = False
    answer = None


handover = Handover()
STRAIGHT = (serialize.EC2Serializer, serialize.QuerySerializer)
timestamp = functools.lru_cache(maxsize=4096)(parse_timestamp)


def straight():
    """LocalStack has moto write XML, parses it, and writes XML again. The first two are left out where they can be."""
    roundabout = responses.ActionResult.execute_result

    def execute_result(self, context):
        wanted, handover.wanted = handover.wanted, False
        operation = context.operation_model
        if not (
            wanted
            and context.serializer_class in STRAIGHT
            and operation.output_shape is not None
            and not isinstance(self.result, Exception)
        ):
            return roundabout(self, context)
        transformers = getattr(context.response, "RESPONSE_KEY_PATH_TO_TRANSFORMER", None)
        picker = serialize.XFormedAttributePicker(response_transformers=transformers)
        serializer = context.serializer_class(operation_model=operation, value_picker=picker)
        try:
            handover.answer = structure(serializer, self.result, operation.output_shape, operation.output_shape.name)
        except Unusual:
            return roundabout(self, context)
        status = operation.http.get("responseCode", serializer.DEFAULT_RESPONSE_CODE)
        return status, {"Content-Type": serializer.CONTENT_TYPE}, ""

    def dispatch_to_backend(context, http_request_dispatcher, include_response_metadata=False):
        handover.answer = None
        handover.wanted = http_request_dispatcher is moto.dispatch_to_moto and not include_response_metadata
        try:
            response = http_request_dispatcher(context)
            answer = handover.answer
        finally:
            handover.wanted, handover.answer = False, None
        if answer is not None and response.status_code < 300:
            return answer
        parsed = forwarder.parse_response(context.operation, context.protocol, response, include_response_metadata)
        forwarder.raise_service_exception(response, parsed)
        return parsed

    responses.ActionResult.execute_result = execute_result
    moto.dispatch_to_backend = dispatch_to_backend


def structure(serializer, value, shape, key):
    serializer.path.append(key)
    answer = {}
    for name, member in shape.members.items():
        # For moto's names of a member.
        member.parent = shape
        found = serializer.get_value(value, name, member)
        if found is not None:
            answer[name] = READ.get(member.type_name, unusual)(serializer, found, member, name)
    serializer.path.pop()
    return answer


def listed(serializer, value, shape, key):
    if shape.is_flattened:
        raise Unusual
    serializer.path.append(key)
    member = shape.member
    read, nested = READ.get(member.type_name, unusual), member.type_name == "structure"
    answer = []
    for item in value:
        if not (nested and item is None):
            one = read(serializer, item, member, member.name)
            # Elements without anything in them are left out.
            if not nested or one:
                answer.append(one)
    serializer.path.pop()
    return answer


def string(_serializer, value, _shape, _key):
    text = str(value)
    # XML changes other characters, or does not have them.
    if not text.isprintable():
        raise Unusual
    return text


def integer(_serializer, value, _shape, _key):
    return int(value)


def real(_serializer, value, _shape, _key):
    return float(value)


def boolean(_serializer, value, _shape, _key):
    return value is True or str(value).lower() == "true"


def moment(serializer, value, shape, _key):
    written = {}
    serializer._timestamp_serializer.serialize(written, value, shape, "moment")
    return timestamp(str(written["moment"]))


def unusual(_serializer, _value, _shape, _key):
    raise Unusual


READ = {
    "structure": structure,
    "list": listed,
    "string": string,
    "integer": integer,
    "long": integer,
    "float": real,
    "double": real,
    "boolean": boolean,
    "timestamp": moment,
}


# --- XML -----------------------------------------------------------------------------------------


def plain_body(serializer, declaration):
    """Writes moto's answers without the machinery of events that xmltodict puts between a tree and its text."""
    roundabout = serializer._serialize_body

    def _serialize_body(self, body):
        if self.pretty_print:
            return roundabout(self, body)
        parts = [declaration]
        for name, value in body.items():
            write(parts, name, value)
        return "".join(parts)

    serializer._serialize_body = _serialize_body


def write(parts, name, value):
    if isinstance(value, dict):
        attributes, text, inner = "", None, []
        for key, one in value.items():
            if key == "#text":
                text = one
            elif key.startswith("@"):
                attributes += f" {key[1:]}={quoteattr(plain(one))}"
            else:
                write(inner, key, one)
        if text is not None:
            inner.append(escape(plain(text)))
        content = "".join(inner)
        parts.append(f"<{name}{attributes}>{content}</{name}>" if content else f"<{name}{attributes}/>")
    elif isinstance(value, str):
        parts.append(f"<{name}>{escape(value)}</{name}>" if value else f"<{name}/>")
    elif hasattr(value, "__iter__") and not isinstance(value, bytes | bytearray | memoryview):
        for one in value:
            write(parts, name, {} if one is None else one if isinstance(one, dict) else plain(one))
    elif value is None:
        parts.append(f"<{name}/>")
    else:
        write(parts, name, plain(value))


def plain(value):
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", errors="replace")
    return str(value)


def plain_node(serializer):
    """The same for LocalStack's own answers, which are elements without namespaces in their names."""
    roundabout = serializer._node_to_string

    def _node_to_string(self, root, mime_type):
        if root is None or mime_type == APPLICATION_JSON:
            return roundabout(self, root, mime_type)
        parts = []
        try:
            write_node(parts, root)
        except Unusual:
            return roundabout(self, root, mime_type)
        text = "<?xml version='1.0' encoding='utf-8'?>\n" + "".join(parts)
        return text.encode("utf-8", errors="xmlcharrefreplace")

    serializer._node_to_string = _node_to_string


def write_node(parts, node):
    name, text = node.tag, node.text
    if not isinstance(name, str) or name.startswith("{") or node.tail is not None:
        raise Unusual
    attributes = ""
    for key, value in node.items():
        if key.startswith("{") or not (isinstance(value, str) and value.isprintable()):
            raise Unusual
        attributes += f' {key}="{escape(value, {chr(34): "&quot;"})}"'
    if text is not None and not isinstance(text, str):
        raise Unusual
    if not text and not len(node):
        parts.append(f"<{name}{attributes} />")
        return
    parts.append(f"<{name}{attributes}>{escape(text) if text else ''}")
    for child in node:
        write_node(parts, child)
    parts.append(f"</{name}>")


# --- the log -------------------------------------------------------------------------------------


def quiet(logger):
    """Logs calls that failed; /_provision/calls has all of them, with more about each."""
    log = logger._log

    def failures(context, response):
        if response.status_code >= 400:
            log(context, response)

    logger._log = failures
