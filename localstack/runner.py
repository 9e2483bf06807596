"""Shared by up, down and test: builds the virtual environment, finds, starts and stops instances by port."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

HOME = Path(__file__).resolve().parent
VENV = HOME / ".venv"
RUN = HOME / ".run"
PLUGIN = HOME / "plugin"
REQUIREMENTS = HOME / "requirements.txt"
PYTHON_FROM, PYTHON_TO = (3, 11), (3, 13)
START_SECONDS = 120


class Trouble(Exception):
    """Something the person at the terminal has to know."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def endpoint(port):
    return f"http://127.0.0.1:{port}"


def port_of(text):
    """The port of an endpoint as `endpoint` writes it."""
    head, colon, port = text.rpartition(":")
    if head != "http://127.0.0.1" or not port.isdigit():
        raise Trouble(f"{text} is no endpoint of `up`: those are like {endpoint(4566)}.")
    return int(port)


def run_dir(port):
    return RUN / str(port)


# --- the virtual environment ---------------------------------------------------------------------


def python_for_venv():
    """A Python of the right age: the one running this file, else one found on the PATH."""
    if PYTHON_FROM <= sys.version_info[:2] <= PYTHON_TO:
        return sys.executable
    for minor in range(PYTHON_FROM[1], PYTHON_TO[1] + 1):
        if found := shutil.which(f"python3.{minor}"):
            return found
    raise Trouble(
        f"The emulator needs Python {PYTHON_FROM[0]}.{PYTHON_FROM[1]} to {PYTHON_TO[0]}.{PYTHON_TO[1]}; this is "
        f"{sys.version.split()[0]} and no python3.{PYTHON_FROM[1]} to python3.{PYTHON_TO[1]} is on the PATH. "
        "Install one of them, or use docker-compose.yml."
    )


@contextlib.contextmanager
def locked(folder):
    """One process at a time: several `up` may run at once."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def venv_python():
    return VENV / "bin" / "python"


def ensure_venv():
    """Builds .venv unless its stamp, written last, says that it is whole and of these requirements."""
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    stamp = VENV / "stamp"
    with locked(RUN):
        if stamp.is_file() and stamp.read_text() == wanted and venv_python().exists():
            return
        python = python_for_venv()
        say(f"Building {VENV} (once; half a minute or so) ...")
        stamp.unlink(missing_ok=True)
        made = subprocess.run([python, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True)
        if made.returncode:
            raise Trouble(
                f"{python} -m venv failed. On Debian and Ubuntu, venv is the package python3-venv.\n"
                + (made.stdout + made.stderr).strip()
            )
        installed = subprocess.run(
            [str(venv_python()), "-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--no-compile"]
            + ["--require-hashes", "--requirement", str(REQUIREMENTS)],
            capture_output=True,
            text=True,
        )
        if installed.returncode:
            raise Trouble("pip could not install requirements.txt:\n" + (installed.stdout + installed.stderr).strip())
        stamp.write_text(wanted)


def check_port(port):
    if not 0 < port < 65536:
        raise Trouble(f"{port}: a port is a number from 1 to 65535.")


# --- one instance --------------------------------------------------------------------------------


def health(port):
    """What the plugin's health page says, or None when nothing like it answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(endpoint(port) + "/_provision/health", timeout=2) as answer:
            page = json.load(answer)
    except (OSError, ValueError):
        return None
    return page if isinstance(page, dict) and "ready" in page else None


def port_taken(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def process_of(port):
    """The process id of the instance on this port, if it lives."""
    try:
        pid = int((run_dir(port) / "pid").read_text())
    except (OSError, ValueError):
        return None
    # A pid file may outlive its process and the number may be somebody else's by now.
    command = subprocess.run(["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True).stdout
    return pid if "localstack.runtime.main" in command else None


def log_tail(port, lines=25):
    try:
        text = (run_dir(port) / "log").read_text(errors="replace")
    except OSError:
        return "(no log)"
    return "\n".join(text.splitlines()[-lines:])


def environment(port):
    """Only what is named here reaches LocalStack: its settings come from the environment and must not leak in."""
    here = run_dir(port)
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    return keep | {
        "PYTHONPATH": str(PLUGIN),
        "PYTHONUNBUFFERED": "1",
        "PYTHONPYCACHEPREFIX": str(VENV / "pycache"),
        "XDG_CACHE_HOME": str(here / "cache"),
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "LOCALSTACK_VOLUME_DIR": str(here / "volume"),
        "FILESYSTEM_ROOT": str(here / "root"),
        "DISABLE_EVENTS": "1",
        # A line for each call takes a sixth of the processor time, and the page /_provision has the calls.
        "LS_LOG": "warning",
        # Every account would begin by reading a list of machine images that nothing here needs.
        "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        # Inside a container LocalStack would otherwise take the paths of its own image.
        "OVERRIDE_IN_DOCKER": "0",
        "DNS_ADDRESS": "0",
        "PROVIDER_OVERRIDE_EC2": "provision",
        "PROVIDER_OVERRIDE_IAM": "provision",
        "PROVIDER_OVERRIDE_SSM": "provision",
        "PROVISION_HOME": str(HOME),
    }


def start(port):
    """Starts an instance and waits until it is ready; one that runs already is left as it is."""
    check_port(port)
    ensure_venv()
    with locked(run_dir(port)):
        page = health(port)
        if page and page.get("home") != str(HOME):
            raise Trouble(f"Port {port} already serves the emulator of {page.get('home')}. Choose another with --port.")
        if not page and process_of(port) is None:
            if port_taken(port):
                raise Trouble(f"Port {port} is taken by another program. Choose another with --port.")
            launch(port)
        try:
            wait_until_ready(port)
        except BaseException:
            # Interrupted too: an instance of which the caller never learns must not go on.
            end_process(port)
            raise


def start_on_free_port(tries=3):
    """Starts an instance on a port that is free, and returns the port."""
    sweep()
    for left in reversed(range(tries)):
        port = free_port()
        if process_of(port) is not None:
            # Another call has just chosen the same port, and does not listen yet.
            continue
        run_dir(port).mkdir(parents=True, exist_ok=True)
        free_mark(port).touch()
        try:
            start(port)
            return port
        except Trouble:
            # A port is reserved for no one: another program may take it before LocalStack listens.
            if not left or not port_taken(port):
                raise
    raise Trouble("No free port was found. Choose one with --port.")


def free_mark(port):
    """The file that marks the directory of a port that `start_on_free_port` chose."""
    return run_dir(port) / "free"


def sweep():
    """Removes what ended instances on chosen ports left; their logs stay until the next start."""
    for mark in RUN.glob("*/free"):
        port = int(mark.parent.name)
        if process_of(port) is None and mark.stat().st_mtime < time.time() - START_SECONDS:
            shutil.rmtree(mark.parent, ignore_errors=True)


def catalogue(here):
    """Where LocalStack keeps its index of all services, which costs seconds and 400 MB of memory to make."""
    folder = here / "root" / "var" / "lib" / "localstack" / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def share_catalogue(source, target):
    for path in source.glob("service-catalog-*.dill"):
        if not (target / path.name).exists():
            # By renaming, so that no other instance ever reads half of it.
            partial = target / f"{path.name}.{os.getpid()}"
            shutil.copyfile(path, partial)
            partial.rename(target / path.name)


def launch(port):
    here = run_dir(port)
    share_catalogue(VENV, catalogue(here))
    say(f"Starting LocalStack on port {port} ...")
    with open(here / "log", "wb") as log:
        process = subprocess.Popen(
            [str(venv_python()), "-m", "localstack.runtime.main"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=here,
            env=environment(port),
            start_new_session=True,
        )
    (here / "pid").write_text(str(process.pid))


def wait_until_ready(port):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        page = health(port)
        if page and page["ready"]:
            share_catalogue(catalogue(run_dir(port)), VENV)
            return
        if process_of(port) is None:
            raise Trouble(f"LocalStack ended at start. The end of {run_dir(port) / 'log'}:\n{log_tail(port)}")
        if not page and "Ready." in log_tail(port) and not health(port):
            raise Trouble(f"LocalStack started without the plugin. The end of its log:\n{log_tail(port)}")
        time.sleep(0.1)
    raise Trouble(f"LocalStack was not ready after {START_SECONDS} s. The end of its log:\n{log_tail(port)}")


def stop(port):
    """Ends the instance on this port; nothing to do is no error."""
    check_port(port)
    with locked(run_dir(port)):
        say(f"Stopped LocalStack on port {port}." if end_process(port) else f"Nothing runs on port {port}.")


def end_process(port, patience=2):
    """Whether there was a process to end. It has nothing to save, so patience is short."""
    pid = process_of(port)
    if pid is not None:
        send(pid, signal.SIGTERM)
        deadline = time.monotonic() + patience
        while process_of(port) is not None and time.monotonic() < deadline:
            time.sleep(0.05)
        if process_of(port) is not None:
            send(pid, signal.SIGKILL)
    (run_dir(port) / "pid").unlink(missing_ok=True)
    return pid is not None


def send(pid, number):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


def ports_started():
    return sorted(int(path.name) for path in RUN.glob("*") if path.name.isdigit() and (path / "pid").exists())
