"""A client of the query protocol of EC2 and IAM in the standard library: `seed` runs before each of a hundred tests and more, and botocore
takes a second to start."""

import http.client
import re
import urllib.parse
import xml.etree.ElementTree as xml


class Refused(Exception):
    """EC2 refused a call, or did not answer."""


class Ec2:
    """Calls by their names in the API, with parameters and answers as they are on the wire (API reference, "Query requests")."""

    def __init__(self, endpoint, account, region, service="ec2", version="2016-11-15"):
        self.version = version
        url = urllib.parse.urlsplit(endpoint)
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        self.connection = kind(url.hostname, url.port, timeout=60)
        self.headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            # LocalStack takes a 12-digit access key id for the account, and checks no signature.
            "Authorization": f"AWS4-HMAC-SHA256 Credential={account}/20260101/{region}/{service}/aws4_request, "
            "SignedHeaders=host, Signature=0",
        }

    def call(self, action, **parameters):
        form = {"Action": action, "Version": self.version} | dict(flat(parameters))
        try:
            self.connection.request("POST", "/", urllib.parse.urlencode(form), self.headers)
            answer = self.connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            raise Refused(f"{action}: no answer: {error}") from error
        if answer.status >= 300:
            words = (re.search(f"<{name}>(.*?)</{name}>", text, re.DOTALL) for name in ("Code", "Message"))
            raise Refused(f"{action}: " + (": ".join(found[1] for found in words if found) or f"status {answer.status}"))
        return read(xml.fromstring(text))


def flat(value, name=""):
    """The names and texts of a form: `Filter.1.Value.1`."""
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value, 1)
    else:
        yield name, str(value).lower() if isinstance(value, bool) else str(value)
        return
    for key, part in parts:
        yield from flat(part, f"{name}.{key}" if name else str(key))


def read(element):
    """An element as a dictionary, a list of its items, or a text; an empty one as a list without items."""
    children = [(child.tag.rpartition("}")[2], child) for child in element]
    if not children:
        return element.text or []
    if all(name in ("item", "member") for name, _ in children):
        return [read(child) for _, child in children]
    return {name: read(child) for name, child in children}
