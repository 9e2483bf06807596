"""Writes the answers of EC2 and of the services of the query protocol without a tree of elements in between."""

from xml.sax.saxutils import escape, quoteattr

from localstack.aws.protocol.serializer import EC2ResponseSerializer, QueryResponseSerializer
from localstack.constants import APPLICATION_JSON

from provision_localstack.straight import Unusual

DECLARATION = "<?xml version='1.0' encoding='utf-8'?>\n"


def install():
    roundabout = QueryResponseSerializer._serialize_body_params

    def _serialize_body_params(self, params, shape, operation_model, mime_type, request_id):
        write = BODIES.get(type(self))
        if write is None or shape is None or mime_type == APPLICATION_JSON:
            return roundabout(self, params, shape, operation_model, mime_type, request_id)
        namespace = operation_model.metadata.get("xmlNamespace")
        name = f"{operation_model.name}Response"
        parts = [DECLARATION, f"<{name}{f' xmlns={quoteattr(namespace)}' if namespace else ''}>"]
        try:
            write(self, parts, params, shape, escape(request_id))
        except (Unusual, AttributeError, KeyError, TypeError, ValueError):
            # The library also says what is wrong.
            return roundabout(self, params, shape, operation_model, mime_type, request_id)
        parts.append(f"</{name}>")
        return "".join(parts).encode("utf-8", errors="xmlcharrefreplace")

    QueryResponseSerializer._serialize_body_params = _serialize_body_params


def ec2_body(serializer, parts, params, shape, request_id):
    write_members(serializer, parts, params, shape)
    parts.append(f"<requestId>{request_id}</requestId>")


def query_body(serializer, parts, params, shape, request_id):
    write, shape, name = element(shape, shape.name)
    write(serializer, parts, params, shape, name)
    parts.append(f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>")


BODIES = {EC2ResponseSerializer: ec2_body, QueryResponseSerializer: query_body}


def write_structure(serializer, parts, value, shape, name):
    if "xmlNamespace" in shape.serialization:
        raise Unusual
    start = len(parts)
    parts.append(f"<{name}>")
    write_members(serializer, parts, value, shape)
    end(parts, start, name)


def write_members(serializer, parts, value, shape):
    members = shape.__dict__.setdefault("provision_members", {})
    for key, one in value.items():
        if one is not None:
            if key not in members:
                members[key] = element(shape.members[key], key)
            write, member, name = members[key]
            write(serializer, parts, one, member, name)


def element(shape, name):
    """How a member is written: by which function, in an element of which name."""
    serialization = shape.serialization
    if serialization.get("xmlAttribute"):
        raise Unusual
    name = serialization.get("resultWrapper") or serialization.get("name", name)
    return WRITE.get(shape.type_name, write_text), shape, name


def write_list(serializer, parts, value, shape, name):
    if shape.serialization.get("flattened"):
        raise Unusual
    write, member, item = element(shape.member, "member")
    start = len(parts)
    parts.append(f"<{name}>")
    for one in value:
        if one is not None:
            write(serializer, parts, one, member, item)
    end(parts, start, name)


def end(parts, start, name):
    """Closes an element; one without content is written in its short form."""
    if len(parts) == start + 1:
        parts[start] = f"<{name} />"
    else:
        parts.append(f"</{name}>")


def write_text(_serializer, parts, value, _shape, name):
    text = str(value)
    if not text.isalnum():
        text = escape(text)
    parts.append(f"<{name}>{text}</{name}>" if text else f"<{name} />")


def write_boolean(_serializer, parts, value, _shape, name):
    parts.append(f"<{name}>{'true' if value else 'false'}</{name}>")


def write_moment(serializer, parts, value, shape, name):
    text = serializer._convert_timestamp_to_str(value, shape.serialization.get("timestampFormat"))
    write_text(serializer, parts, text, shape, name)


def unusual(*_):
    raise Unusual


WRITE = {
    "structure": write_structure,
    "list": write_list,
    "boolean": write_boolean,
    "timestamp": write_moment,
    "map": unusual,
    "blob": unusual,
}
