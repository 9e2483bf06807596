"""HTTP/1.1 on one connection, in the clear or over TLS: requests are read from it, carried out, and answered on it."""

import contextlib
import functools
import io
import logging
import socket
import time
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

from rolo import Response
from werkzeug.datastructures import Headers
from werkzeug.wrappers import Request

LOG = logging.getLogger(__name__)

LONGEST_HEAD = 256 * 1024
TLS_HANDSHAKE = b"\x16"
WITHOUT_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


class Garbled(Exception):
    """What was sent is no request."""


class Conversation:
    """The requests and answers of one connection."""

    def __init__(self, door, connection, peer):
        self.door, self.connection, self.peer = door, connection, peer
        # Known from the first byte on.
        self.scheme = None
        self.unread = b""
        # Whether an answer has begun that has not ended.
        self.midway = False

    def go_on(self):
        """Answers what has arrived; whether more may follow."""
        try:
            if not self.scheme:
                self.begin()
            while True:
                head = self.read_head()
                if head is None or not self.answer(head):
                    return False
                if not self.unread and not (self.scheme == "https" and self.connection.pending()):
                    return True
        except OSError:
            pass
        except Garbled as error:
            self.refuse("400 Bad Request", str(error))
        except Exception as error:
            # The chain of handlers answers its own errors; this one is of none of them.
            LOG.exception("a request broke the server")
            if not self.midway:
                self.refuse("500 Internal Server Error", str(error))
        return False

    def begin(self):
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A peer that is gone without a word must not be kept for ever.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if self.door.tls and self.connection.recv(1, socket.MSG_PEEK) == TLS_HANDSHAKE:
            self.connection = self.door.tls.wrap_socket(self.connection, server_side=True)
            self.scheme = "https"
        else:
            self.scheme = "http"

    def refuse(self, status, reason):
        body = f"{reason}\n".encode()
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        with contextlib.suppress(OSError):
            self.connection.sendall(head.encode() + body)

    def more(self):
        data = self.connection.recv(65536)
        self.unread += data
        return bool(data)

    def read_head(self):
        """The next request line with its headers, or None when there is no other request."""
        # Empty lines before a request are to be overlooked.
        self.unread = self.unread.lstrip(b"\r\n")
        while (end := self.unread.find(b"\r\n\r\n")) < 0:
            if len(self.unread) > LONGEST_HEAD:
                raise Garbled("the headers are too long")
            if not self.more():
                return None
        head, self.unread = self.unread[:end], self.unread[end + 4 :]
        return head.decode("latin-1")

    def answer(self, head):
        """Carries one request out; whether another one may follow."""
        line, *lines = head.split("\r\n")
        try:
            method, target, version = line.split(" ")
            fields = [(name, value.strip()) for name, value in (header.split(":", 1) for header in lines)]
        except ValueError:
            raise Garbled("this is not HTTP/1.1") from None
        if head.count("\r") != len(lines) or head.count("\n") != len(lines):
            raise Garbled("a header has a line break of its own")
        if version not in ("HTTP/1.1", "HTTP/1.0"):
            raise Garbled(f"{version} is not spoken here")
        headers = Headers()
        # By themselves, headers check each field anew.
        headers._list = fields
        if headers.get("Expect", "").lower() == "100-continue":
            self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = self.read_body(headers)
        environ = self.environment(method, target, version, headers, body)
        request, response = Request(environ), Response()
        # Werkzeug's own view of the headers cannot be changed, and has lost how they were written.
        request.headers = headers
        self.door.gateway.process(request, response)
        asked = headers.get("Connection", "").lower()
        stays = asked != "close" if version == "HTTP/1.1" else asked == "keep-alive"
        return self.send(environ, response, stays) and stays

    def environment(self, method, target, version, headers, body):
        if target.startswith("/"):
            path, _, query = target.partition("?")
        else:
            # A proxy names the whole URL.
            path, _, query = target.partition("://")[2].partition("?")
            path = "/" + path.partition("/")[2]
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1") if "%" in path else path,
            "QUERY_STRING": query,
            "REQUEST_URI": target,
            "RAW_URI": target,
            "SERVER_PROTOCOL": version,
            "SERVER_NAME": self.door.host,
            "SERVER_PORT": str(self.door.port),
            "REMOTE_ADDR": self.peer[0],
            "REMOTE_PORT": str(self.peer[1]),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self.scheme,
            "wsgi.input": io.BytesIO(body),
            "wsgi.input_terminated": True,
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in headers:
            name = name.upper().replace("-", "_")
            if name not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                name = "HTTP_" + name
            environ[name] = f"{environ[name]},{value}" if name in environ else value
        return environ

    def read_body(self, headers):
        if "chunked" in headers.get("Transfer-Encoding", "").lower():
            # What follows knows no chunks, and how long a body is only from here.
            del headers["Transfer-Encoding"]
            body = b"".join(self.chunks())
            headers["Content-Length"] = str(len(body))
            return body
        length = headers.get("Content-Length", "0")
        if not length.isdecimal():
            raise Garbled("Content-Length is no number")
        return self.take(int(length))

    def take(self, length):
        parts, missing = [self.unread[:length]], length - len(self.unread)
        self.unread = self.unread[length:]
        while missing > 0:
            data = self.connection.recv(min(missing, 1 << 20))
            if not data:
                raise Garbled("the body ends early")
            parts.append(data)
            missing -= len(data)
        return b"".join(parts)

    def take_line(self):
        while (end := self.unread.find(b"\r\n")) < 0:
            if len(self.unread) > LONGEST_HEAD or not self.more():
                raise Garbled("a chunk has no beginning")
        line, self.unread = self.unread[:end], self.unread[end + 2 :]
        return line

    def chunks(self):
        while True:
            try:
                length = int(self.take_line().partition(b";")[0], 16)
            except ValueError:
                raise Garbled("a chunk has no length") from None
            if length == 0:
                # Trailers, which nobody here asks for.
                while self.take_line():
                    pass
                return
            yield self.take(length)
            self.take_line()

    def send(self, environ, response, stays):
        """Sends the answer; whether its end can be told without closing the connection."""
        body, status, headers = response.get_wsgi_response(environ)
        try:
            names = {name.lower() for name, _ in headers}
            bodiless = environ["REQUEST_METHOD"] == "HEAD" or response.status_code in WITHOUT_BODY
            measured = bodiless or "content-length" in names
            chunked = not measured and environ["SERVER_PROTOCOL"] == "HTTP/1.1"
            lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
            if "date" not in names:
                lines.append(f"Date: {date(int(time.time()))}")
            if chunked:
                lines.append("Transfer-Encoding: chunked")
            if not (stays and (measured or chunked)) and "connection" not in names:
                lines.append("Connection: close")
            head = "\r\n".join([*lines, "", ""]).encode("latin-1")
            self.midway = True
            if bodiless:
                self.connection.sendall(head)
            elif chunked:
                self.connection.sendall(head)
                for part in body:
                    if part:
                        self.connection.sendall(b"%x\r\n%b\r\n" % (len(part), part))
                self.connection.sendall(b"0\r\n\r\n")
            elif response.is_sequence:
                self.connection.sendall(head + b"".join(body))
            else:
                self.connection.sendall(head)
                for part in body:
                    self.connection.sendall(part)
            self.midway = False
            return measured or chunked
        finally:
            if hasattr(body, "close"):
                body.close()


@functools.lru_cache(maxsize=1)
def date(second):
    return formatdate(second, usegmt=True)
