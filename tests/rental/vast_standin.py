"""A local vast.ai for tests: its HTTP API with a ledger, and boxes that are real sshd servers on loopback.

Each rented instance becomes a home folder, an OpenSSH server of its own and the processes that are started through
it; stopping or losing the instance kills them all, destroying it removes the home too. Faults can be planted per
request. The real onstart.sh is not run (test_onstart.py does that): a box comes up with what it would leave behind.
"""

import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

import leftovers
from ports import free_port

API_KEY = "account-key-5f1d"
SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:" + os.environ.get("PATH", ""))

# What each login of a box runs: its own home, its own tmux server, the command it was sent.
BOX_SHELL = """#!/bin/bash
export HOME={home} TMUX_TMPDIR={home}/.tmux WIKILLM_TEST_BOX={home} {variable}={mark} OMP_NUM_THREADS=1 VAST_URL={url}
export PATH={home}/bin:$PATH PYTHONPATH={home}/site WIKILLM_TEST_CLOCK={home}/../away
unset TMUX
mkdir -p "$TMUX_TMPDIR"; cd "$HOME"
if [ -n "$SSH_ORIGINAL_COMMAND" ]; then exec bash -c "$SSH_ORIGINAL_COMMAND"; else exec bash; fi
"""
# The box's Python: the one of these tests, whose packages are there already; and its GPU, when the test gives it one.
BOX_PYTHON = """#!/bin/bash
case "$*" in
  "-m pip"*) exit 0 ;;
  "- --json") [ -f {home}/gpu.json ] && cat {home}/gpu.json || {{ echo '{{"error": "no GPU"}}'; exit 2; }} ;;
  *) exec {python} "$@" ;;
esac
"""
# Read by every Python on a box and on a laptop: wall clocks are ahead by the seconds that the file holds.
AWAY = """import os, time
away, wall = os.environ.get("WIKILLM_TEST_CLOCK", ""), time.time
if os.path.exists(away):
    time.time = lambda: wall() + float(open(away).read())
"""
# And on a box: a trainer that has written the checkpoint named in ~/hold goes on when ~/go is there.
HOLD = """import os, time
home, replace = os.path.dirname(os.path.dirname(__file__)), os.replace
def replace_and_wait(source, target):
    replace(source, target)
    if os.path.exists(home + "/hold") and os.path.basename(target) == open(home + "/hold").read():
        while not os.path.exists(home + "/go"):
            time.sleep(0.05)
os.replace = replace_and_wait
"""


class Box:
    """The machine behind one instance."""

    def __init__(self, home: Path, url: str, mark: str, instance: int, offer: dict, keys: list[str]):
        self.mark = mark
        self.home, self.url, self.instance, self.offer, self.keys = home, url, instance, offer, keys
        self.port, self.server, self.instance_key = free_port(), None, f"instance-key-{instance}"

    def boot(self) -> None:
        mine = self.home / ".wikillm"
        for folder in (mine, self.home / "bin", self.home / "wikillm/.venv/bin", self.home / "etc", self.home / "site"):
            folder.mkdir(parents=True, exist_ok=True)
        for path, text in {
            "bin/box-shell": BOX_SHELL.format(
                home=self.home, url=self.url, variable=leftovers.VARIABLE, mark=self.mark
            ),
            "site/sitecustomize.py": AWAY + HOLD,
            "wikillm/.venv/bin/python": BOX_PYTHON.format(home=self.home, python=sys.executable),
        }.items():
            (self.home / path).write_text(text)
            (self.home / path).chmod(0o755)
        (mine / "instance").write_text(f"{self.instance}\n{self.url}\n")
        (mine / "auth").write_text(f"Authorization: Bearer {self.instance_key}\n")
        (mine / "auth").chmod(0o600)
        (mine / "onstart.log").write_text(self.offer.get("onstart", "onstart: done: python 3\n"))
        if "onstart" not in self.offer:
            (mine / "ready").write_text("python 3.11 torch 2.13\n")
        if "hold" in self.offer:
            (self.home / "hold").write_text(self.offer["hold"])
        if "gpu" in self.offer:
            (self.home / "gpu.json").write_text(json.dumps(self.offer["gpu"]))
        if self.offer.get("ssh", True):
            self.start_sshd()
        if (mine / "resume.sh").exists():  # as onstart.sh does at every start
            subprocess.Popen(
                [self.home / "bin/box-shell"],
                env={"SSH_ORIGINAL_COMMAND": "bash .wikillm/resume.sh", "PATH": os.environ["PATH"]},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def start_sshd(self) -> None:
        etc = self.home / "etc"
        if not (etc / "host").exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", etc / "host"], check=True)
        (etc / "authorized_keys").write_text("\n".join(self.keys) + "\n")
        (etc / "sshd_config").write_text(f"""Port {self.port}
ListenAddress 127.0.0.1
HostKey {etc}/host
AuthorizedKeysFile {etc}/authorized_keys
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
PidFile none
LogLevel ERROR
ForceCommand {self.home}/bin/box-shell
""")
        Path("/run/sshd").mkdir(exist_ok=True)
        self.server = subprocess.Popen(
            [SSHD, "-D", "-e", "-f", etc / "sshd_config"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self.home / "sshd.log").open("ab"),
        )

    def processes(self) -> list[psutil.Process]:
        """The sshd, its sessions, and whatever was started through them (tmux servers and the guard live on alone)."""
        found = []
        if self.server:
            try:
                server = psutil.Process(self.server.pid)
                found = [server, *server.children(recursive=True)]
            except psutil.NoSuchProcess:
                pass
        mark = f"WIKILLM_TEST_BOX={self.home}\0".encode()
        for process in psutil.process_iter(["pid"]):
            try:
                if mark in Path(f"/proc/{process.pid}/environ").read_bytes() + b"\0":
                    found.append(process)
            except (OSError, psutil.Error):
                pass
        return found

    def kill(self) -> None:
        """Power off."""
        for _ in range(3):  # children may be born while their parents are being killed
            for process in self.processes():
                try:
                    process.kill()
                except psutil.NoSuchProcess:
                    pass
        if self.server:
            self.server.wait()
            self.server = None

    def cut_connections(self) -> None:
        """Drop every ssh session, as a network does; what runs in tmux goes on."""
        for child in psutil.Process(self.server.pid).children():
            try:
                child.kill()
            except psutil.NoSuchProcess:
                pass


class Ledger(list):
    """[(instance, what happened)], and in `times` when."""

    def __init__(self, now):
        super().__init__()
        self.now, self.times = now, []

    def append(self, entry) -> None:
        super().append(entry)
        self.times.append(self.now())


class Standin:
    """The API. `offers` is what search returns; `faults` are (method, path pattern, what, times)."""

    def __init__(self, folder: Path, mark: str):
        self.mark = mark
        self.folder, self.offers, self.instances, self.keys = folder, [], {}, []
        self.faults, self.log, self.ledger = [], [], Ledger(self.now)
        self.next_id, self.boot_seconds = 7001, 0.2
        self.lock = threading.RLock()
        standin = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def handle_any(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"{}") if length else {}
                standin.answer(self, self.command, self.path.split("?")[0], body, self.headers.get("Authorization", ""))

            do_GET = do_POST = do_PUT = do_DELETE = handle_any

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def now(self) -> float:
        file = self.folder / "away"
        return time.time() + (float(file.read_text()) if file.exists() else 0.0)

    def days_pass(self, days: float) -> None:
        """For the clocks of everybody who is started from now on, and for the bill; what runs does not notice."""
        (self.folder / "away").write_text(str(days * 86400))

    def dollars(self, instance: int, dph: float, disk_dph: float) -> float:
        """What vast.ai would bill, by what it saw happen."""
        prices = {"rented": dph, "started": dph, "stopped": disk_dph, "destroyed": 0.0, "vanished": 0.0}
        events = [(at, prices[what]) for at, (i, what) in zip(self.ledger.times, self.ledger) if i == instance]
        ends = [at for at, _ in events[1:]] + [self.now()]
        return sum((end - at) / 3600 * price for (at, price), end in zip(events, ends))

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        for instance in self.instances.values():
            instance["box"].kill()

    def offer(self, number: int, dph: float = 0.40, **box) -> None:
        """An offer; the keywords say what is wrong with the machine behind it."""
        self.offers.append(
            {
                "id": number,
                "gpu_name": "RTX 4090",
                "num_gpus": 1,
                "dph_total": dph,
                "storage_total_cost": 0.02,
                "inet_down": 800.0,
                "reliability2": 0.995,
                "cuda_max_good": 13.0,
                "geolocation": "Norway, NO",
                "box": box,
            }
        )

    def fault(self, method: str, path: str, what, times: int = 1, after: int = 0) -> None:
        """what: a status, 'hang', 'html', 'lost' (carried out, but the answer never arrives). after: good answers
        first."""
        self.faults.append([method, re.compile(path), what, times, after])

    def billing(self) -> list[int]:
        """Instances that still cost money for their GPU."""
        return sorted(i for i, row in self.instances.items() if row["state"] == "running")

    def storing(self) -> list[int]:
        return sorted(i for i, row in self.instances.items() if row["state"] == "stopped")

    def box(self, instance: int) -> Box:
        return self.instances[instance]["box"]

    def vanish(self, instance: int) -> None:
        """The host took the machine back: everything on it is gone."""
        with self.lock:
            row = self.instances.pop(instance)
        row["box"].kill()
        shutil.rmtree(row["box"].home, ignore_errors=True)
        self.ledger.append((instance, "vanished"))

    def outbid(self, instance: int) -> None:
        """Somebody else has its GPU, for good: the container ends, the disk stays; told to run, it waits."""
        row = self.instances[instance]
        row["outbid"] = True
        row["box"].kill()

    def answer(self, handler, method: str, path: str, body: dict, auth: str) -> None:
        self.log.append((method, path))
        what = None
        for fault in self.faults:
            if fault[0] == method and fault[1].search(path):
                if fault[4] > 0:
                    fault[4] -= 1
                elif fault[3] > 0:
                    fault[3] -= 1
                    what = fault[2]
                    break
        if what == "hang":
            time.sleep(30)
            return
        if what == "html":
            return self.send(handler, 200, "<html><body>Bad gateway</body></html>", "text/html")
        if isinstance(what, int):
            return self.send(handler, what, {"success": False, "msg": f"planted {what}"})
        with self.lock:
            status, reply = self.act(method, path, body, auth.removeprefix("Bearer "))
        if what == "lost":
            handler.close_connection = True
            return handler.connection.shutdown(socket.SHUT_RDWR)
        self.send(handler, status, reply)

    @staticmethod
    def send(handler, status: int, reply, kind: str = "application/json") -> None:
        text = (reply if isinstance(reply, str) else json.dumps(reply)).encode()
        try:
            handler.send_response(status)
            handler.send_header("Content-Type", kind)
            handler.send_header("Content-Length", str(len(text)))
            handler.end_headers()
            handler.wfile.write(text)
        except OSError:
            pass  # the client is gone

    def act(self, method: str, path: str, body: dict, key: str):
        one = re.fullmatch(r"/api/v0/instances/(\d+)/", path)
        own = one and int(one[1]) in self.instances and key == self.box(int(one[1])).instance_key and method == "PUT"
        if key != API_KEY and not own:
            return 401, {"success": False, "msg": "Invalid user key"}
        if (method, path) == ("POST", "/api/v0/bundles/"):
            self.asked = body
            return 200, {"offers": [{k: v for k, v in o.items() if k != "box"} for o in self.offers]}
        if path.rstrip("/") == "/api/v0/users/current":
            return 200, {"id": 4711, "username": "us", "credit": 9.5}
        if path == "/api/v0/ssh/":
            if method == "POST":
                self.keys.append(body["ssh_key"])
                return 200, {"success": True}
            return 200, [{"id": i, "public_key": k} for i, k in enumerate(self.keys)]
        if match := re.fullmatch(r"/api/v0/asks/(\d+)/", path):
            return self.create(int(match[1]), body)
        if path == "/api/v1/instances/":
            rows = [self.row(i) for i in sorted(self.instances)]
            return 200, {"instances": rows, "next_token": None, "total_instances": len(rows), "label_counts": {}}
        if one:
            instance = int(one[1])
            if instance not in self.instances:
                return (
                    (200, {"instances": None})
                    if method == "GET"
                    else (404, {"success": False, "msg": "no_such_instance"})
                )
            if method == "GET":
                return 200, {"instances": self.row(instance)}
            if method == "DELETE":
                row = self.instances.pop(instance)
                row["box"].kill()
                shutil.rmtree(row["box"].home, ignore_errors=True)
                self.ledger.append((instance, "destroyed"))
                return 200, {"success": True}
            return self.set_state(instance, body["state"])
        return 404, {"success": False, "msg": f"no such endpoint {method} {path}"}

    def create(self, number: int, body: dict):
        offer = next((o for o in self.offers if o["id"] == number), None)
        if offer is None or offer["box"].get("taken"):
            return 400, {"success": False, "error": "no_such_ask", "msg": f"ask {number} is not available"}
        self.offers.remove(offer)
        instance, self.next_id = self.next_id, self.next_id + 1
        box = Box(self.folder / f"box-{instance}", self.url, self.mark, instance, offer["box"], list(self.keys))
        self.instances[instance] = {
            "box": box,
            "state": "running",
            "since": self.now(),
            "request": body,
            "offer": offer,
        }
        self.ledger.append((instance, "rented"))
        self.boot(instance)
        return 200, {"success": True, "new_contract": instance, "instance_api_key": box.instance_key}

    def create_for_test(self) -> int:
        self.offer(99)
        return self.create(99, {"label": None})[1]["new_contract"]

    def boot(self, instance: int) -> None:
        row = self.instances[instance]
        row["ready"] = float("inf") if row["box"].offer.get("stuck") else time.time() + self.boot_seconds
        if not row["box"].offer.get("stuck"):
            row["box"].boot()

    def set_state(self, instance: int, state: str):
        row = self.instances[instance]
        if state == "stopped" and row["state"] == "running":
            row["state"] = "stopped"
            self.ledger.append((instance, "stopped"))
            # the caller may be on the box: let the answer out first
            row["ends"] = threading.Timer(0.3, row["box"].kill)
            row["ends"].start()
        elif state == "running" and row["state"] == "stopped":
            row["ends"].join()  # or it would kill what starts now
            row["state"] = "running"
            self.ledger.append((instance, "started"))
            if not row.get("outbid"):
                self.boot(instance)
        return 200, {"success": True}

    def row(self, instance: int) -> dict:
        row = self.instances[instance]
        running = row["state"] == "running"
        status = (
            "exited"
            if row.get("outbid")
            else "stopped"
            if not running
            else "running"
            if time.time() >= row["ready"]
            else "loading"
        )
        return {
            "id": instance,
            "label": row["request"].get("label"),
            "actual_status": status,
            "intended_status": row["state"],
            "cur_state": row["state"],
            "status_msg": "Pulling image" if status == "loading" else "",
            "gpu_name": "RTX 4090",
            "num_gpus": 1,
            "dph_total": row["offer"]["dph_total"],
            "storage_total_cost": row["offer"].get("storage_total_cost"),
            "start_date": row["since"],
            "extra_env": [],
            "ssh_host": "127.0.0.1",
            "ssh_port": row["box"].port,
            "public_ipaddr": "127.0.0.1",
            "ports": {"22/tcp": [{"HostIp": "0.0.0.0", "HostPort": str(row["box"].port)}]},
        }
