"""Runs the program in a root where the loopback is the only network: it finds a host by /etc/hosts, loads no library for that, and trusts the certificates of the
root alone.

As root, in a network of its own: unshare --net python3 packaging/try_network.py ROOT
"""

import fcntl
import http.server
import os
import pathlib
import platform
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading

HOST = "aws.test"
root = pathlib.Path(sys.argv[1])

# The loopback of a new network is down (SIOCSIFFLAGS, IFF_UP).
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH22x", b"lo", 1))


class Refusing(http.server.BaseHTTPRequestHandler):
    """Hears that it is asked, and refuses."""

    asked = []

    def do_POST(self):
        self.asked.append(self.headers["Host"])
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *_):
        pass


folder = pathlib.Path(tempfile.mkdtemp())
key, certificate = folder / "key.pem", folder / "certificate.pem"
subprocess.run(
    ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}",
     "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", key, "-out", certificate],
    check=True, capture_output=True,
)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
# A client that does not trust the certificate hangs up, which is no trouble here.
server.handle_error = lambda *_: None
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()


def plan():
    """What a plan prints, and whether it was heard by the server."""
    Refusing.asked.clear()
    done = subprocess.run(
        ["chroot", "--userspec=65532:65532", root, "/usr/bin/provision", "plan", "--reference", "--no-input", "--region", "eu-west-1",
         "--endpoint-url", f"https://{HOST}:{server.server_port}"],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/home/provision", "AWS_ACCESS_KEY_ID": "AKIA0000000000000000", "AWS_SECRET_ACCESS_KEY": "none"},
        capture_output=True, text=True, timeout=60,
    )
    return done.stdout + done.stderr, set(Refusing.asked)


def expect(holds, said):
    if not holds:
        sys.exit(f"try_network: {said}")


# A library that would be loaded for the word in nsswitch.conf: to open it is to wait for ever.
switch, libraries = root / "etc/nsswitch.conf", root / "usr/lib" / f"{platform.machine()}-linux-gnu"
words = switch.read_text()
switch.write_text("hosts: files resolve dns\n")
libraries.mkdir(parents=True)
os.mkfifo(libraries / "libnss_resolve.so.2")
(root / "lib").symlink_to("usr/lib")
said, asked = plan()
expect("is not known" in said and not asked, f"a host was found that nothing names, or a library was loaded: {said}")
switch.write_text(words)
(libraries / "libnss_resolve.so.2").unlink()

(root / "etc/hosts").write_text(f"127.0.0.1 {HOST}\n")
said, asked = plan()
expect("certificate" in said and not asked, f"a certificate that the root does not hold was trusted, or not told of: {said}")

trusted = root / "etc/ssl/certs/ca-certificates.crt"
before = trusted.read_text()
trusted.write_text(before + certificate.read_text())
said, asked = plan()
trusted.write_text(before)
(root / "etc/hosts").unlink()
expect(asked == {f"{HOST}:{server.server_port}"}, f"the server was not asked: {said}")
