"""An OpenAI-compatible server for tests, of the standard library, that misbehaves as it is told."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType


class FakeTeacher:
    """plan(number of the request, its body) -> an answer: text (a good completion), or a dict of
    status, text, finish_reason, headers, sleep, raw (bytes instead of JSON), drop (close the connection), gone (the
    same, for good), parts (the content as a list of parts)."""

    def __init__(self, plan, models=("m",)):
        self.plan, self.models, self.requests, self.headers = plan, list(models), [], []
        self.lock, self.in_flight, self.most, self.gone = threading.Lock(), 0, 0, False

    def bodies(self):
        return [body for path, body in self.requests if path.endswith("/chat/completions")]


def content_of(plan):
    text = plan["text"]
    if plan.get("parts"):
        half = len(text) // 2
        return [{"type": "text", "text": text[:half]}, {"type": "reasoning"}, {"type": "text", "text": text[half:]}]
    return text


@contextmanager
def serving(teacher: FakeTeacher, port: int = 0):
    """-> the base_url"""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body in one packet: 40 ms less an answer

        def log_message(self, *args):
            pass

        def do_GET(self):
            if teacher.gone:
                self.close_connection = True
                self.connection.close()
                return
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
            if plan.get("drop") or plan.get("gone"):
                teacher.gone = teacher.gone or plan.get("gone", False)
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
                                "message": {"role": "assistant", "content": content_of(plan)},
                                "finish_reason": plan.get("finish_reason", "stop"),
                            }
                        ],
                        "usage": plan.get("usage"),
                    }
                ).encode()
            else:
                content = json.dumps({"error": {"message": plan.get("text", "no")}}).encode()
            self.reply(status, content, plan.get("headers", {}))

        def reply(self, status, content, headers=MappingProxyType({})):
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
                self.wfile.flush()
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
