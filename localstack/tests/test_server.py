"""The web server itself, over plain sockets."""

import json
import os
import socket
import ssl
import unittest
from urllib.parse import urlparse

ENDPOINT = urlparse(os.environ["AWS_ENDPOINT_URL"])
SIGNED = "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n"


class Web(unittest.TestCase):
    def setUp(self):
        self.connection = socket.create_connection((ENDPOINT.hostname, ENDPOINT.port), timeout=30)
        self.addCleanup(lambda: self.connection.close())
        self.unread = b""

    def send(self, text):
        self.connection.sendall(text.encode() if isinstance(text, str) else text)

    def until(self, end):
        while end not in self.unread:
            data = self.connection.recv(65536)
            self.assertTrue(data, f"closed after {self.unread!r}")
            self.unread += data
        found, self.unread = self.unread.split(end, 1)
        return found

    def answer(self, with_body=True):
        line, *headers = self.until(b"\r\n\r\n").decode().split("\r\n")
        headers = {name.lower(): value for name, value in (header.split(": ", 1) for header in headers)}
        body = b""
        if with_body and headers.get("transfer-encoding") == "chunked":
            while length := int(self.until(b"\r\n"), 16):
                body += self.exactly(length)
                self.until(b"\r\n")
            self.until(b"\r\n")
        elif with_body:
            body = self.exactly(int(headers["content-length"]))
        return int(line.split()[1]), headers, body

    def exactly(self, length):
        while len(self.unread) < length:
            self.unread += self.connection.recv(65536)
        found, self.unread = self.unread[:length], self.unread[length:]
        return found

    def test_a_connection_carries_many_requests_even_sent_at_once(self):
        self.send("GET /_provision/health HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
        for _ in range(3):
            status, headers, body = self.answer()
            self.assertEqual(status, 200)
            self.assertTrue(json.loads(body)["ready"])
            self.assertTrue(headers["date"].endswith(" GMT"))

    def test_a_request_may_come_in_pieces(self):
        for byte in b"GET /_provision/health HTTP/1.1\r\nHost: x\r\n\r\n":
            self.send(bytes([byte]))
        self.assertEqual(self.answer()[0], 200)

    def test_who_is_slow_keeps_nobody_waiting(self):
        half = "GET /_provision/health HTTP/1.1\r\nHost:"
        hello_of_tls = b"\x16\x03\x01\x02\x00\x01"
        for beginning in (half.encode(), hello_of_tls, half.encode()):
            slow = socket.create_connection((ENDPOINT.hostname, ENDPOINT.port), timeout=30)
            self.addCleanup(slow.close)
            slow.sendall(beginning)
        self.send("GET /_provision/health HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertEqual(self.answer()[0], 200)
        slow.sendall(b" x\r\n\r\n" + half.encode() + b" x\r\n\r\n")
        self.connection.close()
        self.connection = slow
        for _ in range(2):
            self.assertEqual(self.answer()[0], 200)

    def test_the_connection_ends_when_asked(self):
        self.send("GET /_provision/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        status, headers, _ = self.answer()
        self.assertEqual((status, headers["connection"]), (200, "close"))
        self.assertEqual(self.connection.recv(1), b"")

    def test_an_older_client_is_answered_once(self):
        self.send("GET /_provision/health HTTP/1.0\r\n\r\n")
        self.assertEqual(self.answer()[0], 200)
        self.assertEqual(self.connection.recv(1), b"")

    def test_a_body_may_come_in_chunks(self):
        body = b'{"latency": 0}'
        head = "PUT /_provision/settings?account=000000000077 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.send(head)
        for part in (body[:5], body[5:]):
            self.send(b"%x;note=1\r\n%b\r\n" % (len(part), part))
        self.send("0\r\nTrailer: 1\r\n\r\n")
        status, _, answer = self.answer()
        self.assertEqual((status, json.loads(answer)["latency"]), (200, 0))

    def test_who_waits_to_be_asked_for_the_body_is_asked(self):
        head = "PUT /_provision/settings?account=000000000077 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
        self.send(head + "Expect: 100-continue\r\n\r\n")
        self.assertEqual(self.until(b"\r\n\r\n"), b"HTTP/1.1 100 Continue")
        self.send("{}")
        self.assertEqual(self.answer()[0], 200)

    def test_objects_of_s3_come_and_go_in_full(self):
        data = os.urandom(300_000)
        host = f"Host: {ENDPOINT.netloc}\r\n{SIGNED}"
        self.send(f"PUT /web-server HTTP/1.1\r\n{host}Content-Length: 0\r\n\r\n")
        self.assertEqual(self.answer()[0], 200)
        self.send(f"PUT /web-server/a%20b%2Fc HTTP/1.1\r\n{host}Content-Length: {len(data)}\r\n\r\n".encode() + data)
        self.assertEqual(self.answer()[0], 200)
        self.send(f"GET /web-server/a%20b%2Fc HTTP/1.1\r\n{host}\r\n")
        self.assertEqual(self.answer()[2], data)
        self.send(f"HEAD /web-server/a%20b%2Fc HTTP/1.1\r\n{host}\r\n")
        status, headers, _ = self.answer(with_body=False)
        self.assertEqual((status, headers["content-length"]), (200, str(len(data))))
        self.send(f"DELETE /web-server/a%20b%2Fc HTTP/1.1\r\n{host}\r\n")
        self.assertEqual(self.answer(with_body=False)[0], 204)
        self.send("GET /_provision/health HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertEqual(self.answer()[0], 200)

    def test_what_is_no_request_is_refused(self):
        for text in ("hello\r\n\r\n", "GET / HTTP/3\r\n\r\n", "GET / HTTP/1.1\r\nnonsense\r\n\r\n", "GET / HTTP/1.1\r\na: b\nc: d\r\n\r\n"):
            with self.subTest(text), socket.create_connection((ENDPOINT.hostname, ENDPOINT.port), timeout=30) as other:
                other.sendall(text.encode())
                self.assertTrue(other.recv(65536).startswith(b"HTTP/1.1 400 "))

    def test_the_same_port_speaks_https(self):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.connection = context.wrap_socket(self.connection)
        self.send("GET /_provision/health HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertEqual(self.answer()[0], 200)
