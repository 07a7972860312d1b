"""Headless Chromium through chromedriver's HTTP interface (W3C WebDriver), for tests of pages."""

import base64
import shutil
import subprocess
import time
from pathlib import Path

import requests

from ports import free_port

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
KEYS = {"Enter": "\ue007", "Shift": "\ue008", "Escape": "\ue00c", "Tab": "\ue004"}
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key that names an element in the protocol


def missing() -> str | None:
    programs = [p for p in ("chromium", "chromedriver") if not shutil.which(p)]
    return (
        f"{' and '.join(programs)} not installed (Debian: apt-get install chromium chromium-driver)"
        if programs
        else None
    )


class Browser:
    """`with Browser(profile_folder, width, height) as b: b.open(url); b.type("#input", "Hello"); b.click("#send")`"""

    def __init__(self, profile: Path, width: int = 1100, height: int = 800, dark: bool = False):
        self.profile, self.size, self.dark = profile, (width, height), dark

    def __enter__(self) -> "Browser":
        port = free_port()
        self.driver = subprocess.Popen(
            ["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.url = f"http://127.0.0.1:{port}"
        self.wait(self._answers, "chromedriver did not start")
        flags = FLAGS + [f"--user-data-dir={self.profile}"] + ["--force-dark-mode"] * self.dark
        options = {"binary": shutil.which("chromium"), "args": flags}
        session = self._ask(
            "post",
            "/session",
            {"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}},
        )
        self.url += f"/session/{session['sessionId']}"
        self.resize(*self.size)
        return self

    def __exit__(self, *exception) -> None:
        try:
            requests.delete(self.url, timeout=120)
        finally:
            self.driver.terminate()
            self.driver.wait(120)

    def _answers(self) -> bool:
        try:
            return self._ask("get", "/status")["ready"]
        except requests.ConnectionError:
            return False

    def _ask(self, method: str, path: str, body: dict | None = None):
        response = requests.request(method, self.url + path, json=body, timeout=300)
        value = response.json()["value"]
        if not response.ok:
            raise AssertionError(value["message"])
        return value

    def devtools(self, command: str, **parameters):
        return self._ask("post", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def resize(self, width: int, height: int) -> None:
        """The page's own size; below 600 wide as on a phone, with touch and without hover."""
        phone = width < 600
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )
        self.devtools("Emulation.setTouchEmulationEnabled", enabled=phone)
        self.devtools(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": "dark" if self.dark else "light"}],
        )

    def open(self, url: str) -> None:
        self._ask("post", "/url", {"url": url})

    def reload(self) -> None:
        self._ask("post", "/refresh", {})

    def run(self, script: str, *arguments):
        """The value of a JavaScript function body."""
        return self._ask("post", "/execute/sync", {"script": script, "args": list(arguments)})

    def element(self, selector: str) -> str:
        return self._ask("post", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def click(self, selector: str) -> None:
        self._ask("post", f"/element/{self.element(selector)}/click", {})

    def type(self, selector: str, text: str) -> None:
        """Keystrokes; names of KEYS in braces are those keys: 'Hello{Enter}'."""
        for name, key in KEYS.items():
            text = text.replace("{" + name + "}", key)
        self._ask("post", f"/element/{self.element(selector)}/value", {"text": text})

    def text(self, selector: str) -> str:
        return self.run("return document.querySelector(arguments[0])?.textContent ?? null", selector)

    def visible(self, selector: str) -> bool:
        return self.run("return document.querySelector(arguments[0])?.checkVisibility() ?? false", selector)

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self._ask("get", "/screenshot")))

    @staticmethod
    def wait(condition, message: str, seconds: float = 120.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, message
            time.sleep(0.05)
