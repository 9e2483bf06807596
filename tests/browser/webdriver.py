"""A browser, spoken to over the WebDriver protocol with the standard library alone. Knows nothing of the pages."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

# The name that the protocol gives to a reference to an element (W3C WebDriver, section 12.1).
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {
    "Enter": "\ue007", "Escape": "\ue00c", "Tab": "\ue004", "Space": "\ue00d",
    "ArrowLeft": "\ue012", "ArrowUp": "\ue013", "ArrowRight": "\ue014", "ArrowDown": "\ue015",
}
DESKTOP = (1280, 900)
PHONE = (360, 740)


class Refused(Exception):
    """The browser's answer to what it could not do."""


def find_browser():
    """The paths of browser and driver, or None where one is missing."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


class Browser:
    """One browser with one window."""

    def __init__(self):
        binary, driver = find_browser()
        # A folder of its own keeps what a browser leaves behind out of the way.
        self.folder = tempfile.TemporaryDirectory(prefix="provision-browser-")
        self.log = os.path.join(self.folder.name, "driver.log")
        self.driver = subprocess.Popen(
            [driver, "--port=0", f"--log-path={self.log}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"TMPDIR": self.folder.name, "HOME": self.folder.name},
        )
        self.url = f"http://127.0.0.1:{self._port()}"
        arguments = [
            "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars",
            "--force-color-profile=srgb",
        ]
        session = self._call("POST", "/session", {
            "capabilities": {"alwaysMatch": {
                "browserName": "chrome",
                "goog:chromeOptions": {"binary": binary, "args": arguments},
                "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            }},
        })
        self.url += f"/session/{session['sessionId']}"
        self.look(*DESKTOP)

    def _port(self):
        for line in self.driver.stdout:
            if "started successfully on port" in line:
                return int(line.rsplit(" ", 1)[1].strip().rstrip("."))
        raise Refused("chromedriver did not start")

    def _call(self, method, path, body=None):
        data = json.dumps(body if body is not None else {}).encode() if method == "POST" else None
        request = urllib.request.Request(
            self.url + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise Refused(json.load(error)["value"]["message"]) from None

    def close(self):
        """Ends the browser and its driver."""
        try:
            self._call("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait(timeout=20)
            self.driver.stdout.close()
            self.folder.cleanup()

    def command(self, name, **parameters):
        """A command of the browser's own protocol (Chrome DevTools)."""
        return self._call("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})

    def look(self, width, height, dark=False, phone=False, paper=False, scripts=True):
        """Through a window of this size, by day or by night, or on paper; with scripts or without."""
        self.command("Emulation.setDeviceMetricsOverride",
                     width=width, height=height, deviceScaleFactor=1, mobile=phone)
        scheme = "dark" if dark else "light"
        self.command("Emulation.setEmulatedMedia", media="print" if paper else "",
                     features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.command("Emulation.setScriptExecutionDisabled", value=not scripts)

    def open(self, url):
        """Loads a page afresh, and forgets what was logged before."""
        self._call("POST", "/url", {"url": "about:blank"})
        self.logged("browser")
        self.logged("performance")
        self._call("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        """The value of a function body in the page."""
        return self._call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, script):
        """Runs a script with a callback as its last argument, and waits for that."""
        return self._call("POST", "/execute/async", {"script": script, "args": []})

    def until(self, script, *arguments):
        """Waits until a function body in the page gives something that is true."""
        deadline = time.monotonic() + 10
        while not (value := self.run(script, *arguments)):
            if time.monotonic() > deadline:
                raise AssertionError(f"it was never so: {script} {arguments}")
            time.sleep(0.02)
        return value

    def element(self, selector):
        """The element, for `click`."""
        return self._call("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def click(self, selector):
        """Clicks as a person would: it fails where something lies above the element."""
        self._call("POST", f"/element/{self.element(selector)}/click")

    def type(self, text):
        """Types into what has the focus; the names of keys are in KEYS."""
        strokes = [KEYS[text]] if text in KEYS else list(text)
        actions = [{"type": kind, "value": key} for key in strokes for kind in ("keyDown", "keyUp")]
        self._call("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def logged(self, kind):
        """What was logged since the last time: `browser` for the console, `performance` for the network."""
        return self._call("POST", "/se/log", {"type": kind})

    def requested(self):
        """The addresses of everything that was asked for since the page was opened."""
        events = [json.loads(entry["message"])["message"] for entry in self.logged("performance")]
        return [event["params"]["request"]["url"] for event in events
                if event["method"] == "Network.requestWillBeSent"]

    def picture(self, path, whole=False):
        """Writes what is seen to a file."""
        shot = self.command("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))
