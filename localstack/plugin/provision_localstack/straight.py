"""The way from moto to LocalStack without a text in between.

LocalStack has moto write XML, parses it, and writes XML again. Here, moto's objects are made into what LocalStack would
have read from moto's text. How objects of a class that have the same attributes are read at a place of an answer is found
out once.
"""

import functools
import re
import threading
from datetime import datetime

from botocore.utils import parse_timestamp
from localstack.aws import forwarder
from localstack.services import moto
from moto.core import responses
from moto.core.serialize import (
    AttributePickerContext,
    EC2Serializer,
    QuerySerializer,
    XFormedAttributePicker,
)
from moto.core.utils import MISSING, get_value


class Unusual(Exception):
    """What only the library writes, or reads, rightly."""


class Handover(threading.local):
    """What moto answers to the call of this thread, as LocalStack would read it from moto's text."""

    wanted = False
    answer = None


handover = Handover()
STRAIGHT = (EC2Serializer, QuerySerializer)


def install():
    roundabout = responses.ActionResult.execute_result
    enrich = responses.BaseResponse._enrich_response

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
        try:
            handover.answer = answer_of(context).structure(self.result)
        except Unusual:
            return roundabout(self, context)
        status = operation.http.get("responseCode", context.serializer_class.DEFAULT_RESPONSE_CODE)
        return status, {"Content-Type": context.serializer_class.CONTENT_TYPE}, ""

    def enrich_response(headers, body):
        # An answer without a text has no place for a request id of moto's.
        return (headers, body) if handover.answer is not None else enrich(headers, body)

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
    responses.BaseResponse._enrich_response = staticmethod(enrich_response)
    moto.dispatch_to_backend = dispatch_to_backend


def answer_of(context):
    """The whole answer of an operation, as a class of moto's responses gives it."""
    operation, cls = context.operation_model, type(context.response)
    places = operation.__dict__.setdefault("provision_places", {})
    if cls not in places:
        transformers = getattr(context.response, "RESPONSE_KEY_PATH_TO_TRANSFORMER", None)
        picker = XFormedAttributePicker(response_transformers=transformers)
        serializer = context.serializer_class(operation_model=operation, value_picker=picker)
        shape = operation.output_shape
        places[cls] = Place(serializer, shape, f"{serializer.operation_name}.{shape.name}")
    return places[cls]


class Place:
    """A place in an answer: `path` are the names that lead to it, from the operation's on."""

    def __init__(self, serializer, shape, path):
        self.serializer, self.shape, self.path = serializer, shape, path
        self.members = {}
        self.plans = {}
        self.read = SIMPLE.get(shape.type_name) or getattr(self, COMPOUND.get(shape.type_name, "unusual"))
        if shape.type_name == "list":
            if shape.is_flattened:
                self.read = self.unusual
            else:
                self.item = Place(serializer, shape.member, f"{path}.{shape.member.name}")

    def structure(self, value):
        cls = type(value)
        kind = cls, tuple(value if cls is dict else getattr(value, "__dict__", ()))
        plan = self.plans.get(kind)
        if plan is None:
            plan = self.plans[kind] = self.plan(value)
        answer = {}
        for name, names, take, transform, read in plan:
            found = None
            for one in names:
                taken = take(value, one, MISSING)
                if taken is not MISSING:
                    found = taken
                    break
            if transform is not None:
                found = transform(found)
            if found is not None:
                answer[name] = read(found)
        return answer

    def plan(self, value):
        """How an object of this class with attributes or keys of these names is read, member by member."""
        steps = []
        for name, member in self.shape.members.items():
            # For moto's names of a member.
            member.parent = self.shape
            path = f"{self.path}.{name}"
            if name not in self.members:
                self.members[name] = Place(self.serializer, member, path)
            transformers = self.serializer._value_picker.response_transformers
            transform = next((one for end, one in transformers.items() if path.endswith(end)), None)
            names, take = self.names(value, name, member)
            if names or transform:
                steps.append((name, names, take, transform, self.members[name].read))
        return steps

    def names(self, value, key, shape):
        """The names to try, without those that are not there, and how the object is asked for one of them."""
        context = AttributePickerContext(obj=value, key=key, shape=shape)
        names = tuple(dict.fromkeys(self.serializer._value_picker.get_possible_keys(context)))
        if any("." in name for name in names):
            return names, get_value
        cls = type(value)
        if cls is dict:
            return tuple(name for name in names if name in value)[:1], dict.get
        if hasattr(value, "__getitem__"):
            return names, get_value
        if not hasattr(cls, "__getattr__"):
            names = tuple(name for name in names if hasattr(cls, name) or name in getattr(value, "__dict__", ()))
        return names, getattr

    def listed(self, value):
        read = self.item.read
        if self.item.shape.type_name != "structure":
            return [read(one) for one in value]
        # Elements without anything in them are left out.
        return [one for one in (read(one) for one in value if one is not None) if one]

    def moment(self, value):
        written = {}
        self.serializer._timestamp_serializer.serialize(written, value, self.shape, "moment")
        return timestamp(str(written["moment"]))

    def unusual(self, _value):
        raise Unusual


def string(value):
    text = str(value)
    # XML changes other characters, or does not have them.
    if not text.isprintable():
        raise Unusual
    return text


def boolean(value):
    return value is True or str(value).lower() == "true"


ISO_8601 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3,6})?Z")


@functools.lru_cache(maxsize=4096)
def timestamp(text):
    # The library knows other forms, and reads this one a hundred times as slowly.
    return datetime.fromisoformat(text) if ISO_8601.fullmatch(text) else parse_timestamp(text)


SIMPLE = {
    "string": string,
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "boolean": boolean,
}
COMPOUND = {"structure": "structure", "list": "listed", "timestamp": "moment"}
