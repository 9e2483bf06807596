"""The web server in front of LocalStack: plain HTTP/1.1 and HTTPS on one port, one thread for whatever comes.

LocalStack brings Twisted, which spends twice as much on a request as everything behind it: it parses headers as if they
were mail, hands each request from the thread that reads to one that works and back, and logs it. Here, one thread waits
at all connections, reads, works and answers: threads beside it would take turns with it all the same, and handing over is
what costs. Only what takes long, or is made to wait, gets a thread to itself. What AWS's clients never ask for (HTTP/2,
websockets) is left out; GATEWAY_SERVER=twisted has it.
"""

import contextlib
import logging
import selectors
import socket
import ssl
import threading
import time

from localstack import config
from localstack.runtime.server.core import RuntimeServer, RuntimeServerPlugin

from provision_localstack.conversation import Conversation

LOG = logging.getLogger(__name__)

# How long a request may keep all others waiting, in seconds.
PATIENCE = 0.01


class ServerPlugin(RuntimeServerPlugin):
    name = "provision"

    def load(self, *_args, **_kwargs):
        return Server()


class Server(RuntimeServer):
    """Serves gateways until it is shut down."""

    def __init__(self):
        self.doors = []
        self.closed = threading.Event()

    def register(self, gateway, listen, ssl_creds=None):
        tls = None
        if ssl_creds:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(*ssl_creds)
        for place in listen:
            family = socket.AF_INET6 if config.is_ipv6_address(place.host) else socket.AF_INET
            listener = socket.create_server((place.host, place.port), family=family, backlog=1024)
            self.doors.append(Door(listener, tls, gateway))

    def run(self):
        for door in self.doors:
            door.open()
        self.closed.wait()

    def shutdown(self):
        for door in self.doors:
            door.close()
        self.closed.set()


class Door:
    """One listening socket and the connections that came through it. One shift at a time takes what arrives."""

    def __init__(self, listener, tls, gateway):
        listener.setblocking(False)
        self.listener, self.tls, self.gateway = listener, tls, gateway
        self.host, self.port = listener.getsockname()[:2]
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ)
        self.lock = threading.Lock()
        self.closed = False
        self.busy = threading.Event()
        self.shift = None

    def open(self):
        self.next_shift()
        threading.Thread(target=self.watch, name="watch", daemon=True).start()

    def close(self):
        self.closed = True
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)

    def next_shift(self):
        self.shift = Shift(self)
        threading.Thread(target=self.shift.work, name="connection", daemon=True).start()

    def relieve(self, shift):
        """Leaves a shift alone with the request it is at; another one goes on with everything else."""
        with self.lock:
            if not shift.over and shift.conversation:
                shift.over = True
                self.selector.unregister(shift.conversation.connection)
                self.next_shift()

    def watch(self):
        """Relieves shifts whose request takes long."""
        while True:
            self.busy.wait()
            self.busy.clear()
            shift, request = self.shift, self.shift.requests
            time.sleep(PATIENCE)
            if shift.requests == request:
                self.relieve(shift)

    def let_in(self):
        try:
            connection, peer = self.listener.accept()
        except BlockingIOError:
            return
        except OSError as error:
            if not self.closed:
                # Out of file descriptors, for one: others will be closed.
                LOG.warning("no connection: %s", error)
                time.sleep(0.1)
            return
        connection.setblocking(True)
        self.selector.register(connection, selectors.EVENT_READ, Conversation(self, connection, peer))


class Shift:
    """What one thread does from taking over to being relieved."""

    current = threading.local()

    def __init__(self, door):
        self.door = door
        self.conversation = None
        self.requests = 0
        self.over = False

    def work(self):
        Shift.current.shift = self
        door = self.door
        while not door.closed:
            for key, _ in door.selector.select():
                if key.data is None:
                    door.let_in()
                    continue
                self.serve(key.data)
                if self.over:
                    return

    def serve(self, conversation):
        self.requests += 1
        self.conversation = conversation
        if not self.door.busy.is_set():
            self.door.busy.set()
        stays = conversation.go_on()
        with self.door.lock:
            self.conversation = None
            if stays and self.over:
                self.door.selector.register(conversation.connection, selectors.EVENT_READ, conversation)
            elif not stays:
                if not self.over:
                    self.door.selector.unregister(conversation.connection)
                conversation.connection.close()


def step_aside():
    """To be called before a request is made to wait, so that no other has to."""
    shift = getattr(Shift.current, "shift", None)
    if shift:
        shift.door.relieve(shift)


