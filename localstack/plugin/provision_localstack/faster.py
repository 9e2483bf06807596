"""Work that LocalStack and moto do anew for every call although it comes out the same, or in a roundabout way.

Nothing here changes an answer, or remembers one: what is remembered depends on classes and on the API's models alone.
"""

import functools
from xml.sax.saxutils import escape, quoteattr

from localstack.aws import handlers
from localstack.aws.protocol.serializer import BaseXMLResponseSerializer
from localstack.constants import APPLICATION_JSON
from moto.core import responses, serialize
from moto.core.utils import MISSING, get_value


def install():
    responses.method_names_from_class = functools.cache(responses.method_names_from_class)
    serialize.ResponseSerializer.get_value = member_value
    plain_body(serialize.BaseXMLSerializer, declaration="")
    plain_body(serialize.EC2Serializer, declaration='<?xml version="1.0" encoding="utf-8"?>\n')
    plain_node(BaseXMLResponseSerializer)
    quiet(handlers.log_response)


# --- what an object has for a member of an answer ------------------------------------------------


def member_value(serializer, value, key, shape):
    """As moto's, but for the names that are tried: for a member and a class they are always the same."""
    cls = type(value)
    try:
        names = shape.provision_names[cls]
    except AttributeError:
        shape.provision_names = {}
        names = shape.provision_names[cls] = names_of(serializer, value, key, shape)
    except KeyError:
        names = shape.provision_names[cls] = names_of(serializer, value, key, shape)
    found = None
    if cls is dict:
        for name in names:
            if name in value:
                found = value[name]
                break
    else:
        for name in names:
            one = get_value(value, name, MISSING)
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
    context = serialize.AttributePickerContext(obj=value, key=key, shape=shape)
    return tuple(dict.fromkeys(serializer._value_picker.get_possible_keys(context)))


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


class Unusual(Exception):
    """An element that only the library writes rightly."""


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
