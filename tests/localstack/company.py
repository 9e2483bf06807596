"""The network of a company before an emulator: a CONNECT proxy that looks into TLS with certificates of its own, on a machine whose clock
is behind AWS's. Arguments: the emulator's address, certificate, key, seconds that AWS is ahead. Prints its port, and each request."""

import datetime
import http.client
import http.server
import ssl
import sys
import urllib.parse
from email.utils import formatdate

EMULATOR = urllib.parse.urlsplit(sys.argv[1])
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
TLS.load_cert_chain(sys.argv[2], sys.argv[3])
AHEAD = float(sys.argv[4])
# "Troubleshoot Signature Version 4 signing for AWS API requests", IAM User Guide.
TOLERANCE = datetime.timedelta(minutes=5)
# EC2 says that it cannot validate the credentials; the others, that the signature has expired.
EC2 = "<Response><Errors><Error><Code>AuthFailure</Code><Message>AWS was not able to validate it.</Message></Error></Errors></Response>"
QUERY = "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>Signature expired.</Message></Error></ErrorResponse>"


class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    host = None

    def log_message(self, *_):
        pass

    def do_CONNECT(self):
        self.send_response(200)
        self.end_headers()
        self.host = self.path
        self.connection = self.request = TLS.wrap_socket(self.connection, server_side=True)
        self.setup()
        self.close_connection = False

    def forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        now = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=AHEAD)
        date = formatdate(now.timestamp(), usegmt=True)
        signed = datetime.datetime.strptime(self.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
        expired = abs(now - signed) > TOLERANCE
        # In one piece: several threads say theirs.
        sys.stdout.write(f"{self.host} {self.command} {'expired' if expired else 'forwarded'}\n")
        sys.stdout.flush()
        if expired:
            scope = self.headers["Authorization"]
            if any(f"/{service}/" in scope for service in ("ec2", "rds", "sts", "s3")):
                return self.answer(403, {"Date": date, "Content-Type": "text/xml"}, (EC2 if "/ec2/" in scope else QUERY).encode())
            headers = {"Date": date, "x-amzn-ErrorType": "InvalidSignatureException", "Content-Type": "application/json"}
            return self.answer(403, headers, b'{"message": "Signature expired."}')
        upstream = http.client.HTTPConnection(EMULATOR.hostname, EMULATOR.port)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        upstream.request(self.command, self.path, body, headers)
        found = upstream.getresponse()
        text = found.read()
        kept = {name: value for name, value in found.getheaders() if name.lower() not in ("date", "connection", "transfer-encoding")}
        upstream.close()
        return self.answer(found.status, kept | {"Date": date}, text)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = forward

    def answer(self, status, headers, text):
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """A client that does not trust the certificate hangs up."""


server = Server(("127.0.0.1", 0), Proxy)
print(server.server_port, flush=True)
server.serve_forever()
