"""An OpenAI-compatible server for tests, of the standard library, that misbehaves as it is told."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FakeTeacher:
    """plan(number of the request, its body) -> an answer: text (a good completion), or a dict of
    status, text, finish_reason, headers, sleep, raw (bytes instead of JSON), drop (close the connection)."""

    def __init__(self, plan, models=("m",)):
        self.plan, self.models, self.requests, self.headers = plan, list(models), [], []
        self.lock, self.in_flight, self.most = threading.Lock(), 0, 0

    def bodies(self):
        return [body for path, body in self.requests if path.endswith("/chat/completions")]


@contextmanager
def serving(teacher: FakeTeacher, port: int = 0):
    """-> the base_url"""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args):
            pass

        def do_GET(self):
            self.reply(200, json.dumps({"object": "list", "data": [{"id": name} for name in teacher.models]}).encode())

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with teacher.lock:
                number = len(teacher.bodies())
                teacher.requests.append((self.path, body))
                teacher.headers.append(dict(self.headers))
                teacher.in_flight += 1
                teacher.most = max(teacher.most, teacher.in_flight)
            try:
                self.answer(teacher.plan(number, body))
            finally:
                with teacher.lock:
                    teacher.in_flight -= 1

        def answer(self, plan):
            plan = {"text": plan} if isinstance(plan, str) else plan
            time.sleep(plan.get("sleep", 0))
            if plan.get("drop"):
                self.close_connection = True
                self.connection.close()
                return
            status = plan.get("status", 200)
            if "raw" in plan:
                content = plan["raw"]
            elif status == 200:
                content = json.dumps(
                    {
                        "choices": [
                            {
                                "message": {"role": "assistant", "content": plan["text"]},
                                "finish_reason": plan.get("finish_reason", "stop"),
                            }
                        ]
                    }
                ).encode()
            else:
                content = json.dumps({"error": {"message": plan.get("text", "no")}}).encode()
            self.reply(status, content, plan.get("headers", {}))

        def reply(self, status, content, headers={}):
            try:
                self.send_response(status)
                for name, value in {
                    "Content-Type": "application/json",
                    "Content-Length": str(len(content)),
                    **headers,
                }.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)
            except OSError:  # the client has gone
                pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
