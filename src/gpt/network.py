"""What stands between the network and the endpoints: who may ask, time limits, a line for each request, metrics."""

import asyncio
import hmac
import ipaddress
import sys
import time
import uuid
from collections.abc import Collection, Iterable
from http import HTTPStatus

import orjson
import uvicorn
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gpt.api_answers import error_body
from gpt.api_requests import APIError
from gpt.engine import Engine

HEADER_SECONDS = 10  # for the head of a request to come
MAX_HEAD = 64 << 10  # bytes of it
BODY_SECONDS = (
    30  # for the rest; gpt.api_requests waits shorter where a body is read, this is for those that nobody reads
)
MAX_PIPELINED = 32  # requests on one connection that wait for the one before them
WRITE_SECONDS = 30  # that a client may leave untaken what it is sent
CONNECTIONS = 1000  # at once; more are answered 503
DRAIN_SECONDS = 3  # that answers under way have to end when the server is told to stop; then they end with an error
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
OPEN = ("/", "/health", "/health/live", "/health/ready")  # without a key
QUIET = ("/health", "/health/live", "/health/ready", "/metrics")  # asked every few seconds: no line for each


class TimedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP, which closes the connection of a client that sends or takes nothing, or sends without end. What
    uvicorn itself answers is in OpenAI's shape, too."""

    def __init__(self, *arguments, **named) -> None:
        super().__init__(*arguments, **named)
        self.refusal: APIError | None = None  # why the parser was stopped
        self.head = 0  # bytes of the head that comes, but for its first piece; -1: it is there
        self.at_work: RequestResponseCycle | None = None  # what is being answered; those in self.pipeline wait
        self.read_timer: asyncio.TimerHandle | None = None
        self.write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport) -> None:
        super().connection_made(transport)
        self._expect(HEADER_SECONDS)

    def data_received(self, data: bytes) -> None:
        if self.head >= 0:
            self.head += len(data)
        super().data_received(data)
        if self.head > MAX_HEAD and not self.transport.is_closing():
            self.refusal = APIError(431, f"the head of the request is larger than {MAX_HEAD >> 10} KB")
            self.send_400_response("")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.head = 0
        self._expect(HEADER_SECONDS)

    def on_headers_complete(self) -> None:
        self.head = -1
        self._expect(BODY_SECONDS)
        if len(self.connections) > CONNECTIONS:
            self.refusal = APIError(503, "too many connections; try again in a moment", code="too_many_connections")
        elif len(self.pipeline) >= MAX_PIPELINED:
            self.refusal = APIError(400, f"more than {MAX_PIPELINED} requests at once on one connection")
        if self.refusal:
            raise ConnectionRefusedError  # the parser stops, and send_400_response() is called
        super().on_headers_complete()
        if not self.pipeline:
            self.at_work = self.cycle

    def on_response_complete(self) -> None:
        if self.pipeline:
            self.at_work = self.pipeline[-1][0]
        super().on_response_complete()

    def on_message_complete(self) -> None:
        self._cancel(self.read_timer)
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        error = self.refusal or APIError(400, "this is not a request of HTTP/1.1")
        at_work = self.at_work
        if at_work is None or at_work.response_complete or not at_work.response_started:
            body = orjson.dumps(error_body(error))
            head = f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\ncontent-type: application/json\r\n"
            head += f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
            self.transport.write(head.encode() + body)
        self.transport.close()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._cancel(self.write_timer)
        self.write_timer = self.loop.call_later(WRITE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        self._cancel(self.write_timer)
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel(self.read_timer)
        self._cancel(self.write_timer)
        super().connection_lost(exc)

    def _expect(self, seconds: float) -> None:
        """What is to come now, the rest of a head or of a body, has so many seconds."""
        self._cancel(self.read_timer)
        self.read_timer = self.loop.call_later(seconds, self._late, seconds)

    def _late(self, seconds: float) -> None:
        if self.flow.read_paused:  # the next request waits until this one is answered: that is not the client's doing
            self._expect(seconds)
        else:
            self.transport.abort()

    @staticmethod
    def _cancel(timer: asyncio.TimerHandle | None) -> None:
        if timer:
            timer.cancel()


class Server(uvicorn.Server):
    """Drains the engines when it is told to stop."""

    def __init__(self, app, engines: Iterable[Engine]):
        super().__init__(
            uvicorn.Config(
                app,
                http=TimedProtocol,
                ws="none",
                log_level="error",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=DRAIN_SECONDS + 1,
            )
        )
        self.engines = list(engines)

    def handle_exit(self, sig, frame) -> None:
        for engine in self.engines:
            engine.drain(DRAIN_SECONDS)
        super().handle_exit(sig, frame)


class Metrics(Collector):
    """Prometheus' numbers of this process: those of the requests are counted here, those of decoding by the engines."""

    def __init__(self, engines: dict[str, Engine]):
        self.engines, self.registry = engines, CollectorRegistry()
        self.requests = Counter(
            "wikillm_requests", "Answers by path and status", ["path", "status"], registry=self.registry
        )
        buckets = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)
        self.seconds = Histogram(
            "wikillm_request_seconds",
            "From a request to the end of its answer",
            ["path"],
            registry=self.registry,
            buckets=buckets,
        )
        self.registry.register(self)

    def collect(self):
        gauges = {
            "wikillm_decoding": ("Answers that are being written", lambda e: e.decoder.size),
            "wikillm_waiting": ("Requests that wait for a place", lambda e: len(e.waiting) + len(e.outside)),
        }
        counters = {
            "wikillm_prompt_tokens": ("Tokens of prompts", lambda e: e.prompt_tokens),
            "wikillm_answer_tokens": ("Tokens of answers", lambda e: e.answer_tokens),
        }
        for kind, table in ((GaugeMetricFamily, gauges), (CounterMetricFamily, counters)):
            for name, (about, value) in table.items():
                family = kind(name, about, labels=["model"])
                for model, engine in self.engines.items():
                    family.add_metric([model], value(engine))
                yield family

    def text(self) -> bytes:
        return generate_latest(self.registry)


class Gate:
    """An ASGI app around the endpoints: Host, key, x-request-id, metrics, a line for each request without its text."""

    def __init__(
        self,
        app,
        metrics: Metrics,
        host: str,
        key: str | None,
        paths: frozenset[str],
        log: bool,
        origins: Collection[str] = (),
    ):
        """origins: the sites whose pages may ask"""
        self.app, self.metrics, self.key, self.paths, self.log = app, metrics, key, paths, log
        self.origins = origins
        # A page elsewhere can have its name lead to 127.0.0.1 and then ask as if it were ours (DNS rebinding): a server
        # for this machine alone answers to this machine's names alone.
        self.names = {*LOCAL_NAMES, host.lower()} if is_loopback(host) else None

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        began, status = time.monotonic(), 500
        headers = Headers(scope=scope)
        number = headers.get("x-request-id", "")
        if not (0 < len(number) <= 128 and number.isascii() and number.isprintable()):
            number = uuid.uuid4().hex

        async def sending(message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["x-request-id"] = number
            await send(message)

        try:
            if refusal := self._refusal(scope, headers):
                await JSONResponse(error_body(refusal), refusal.status)(scope, receive, sending)
            else:
                await self.app(scope, receive, sending)
        finally:
            path = scope["path"] if scope["path"] in self.paths else "other"
            seconds = time.monotonic() - began
            self.metrics.requests.labels(path, str(status)).inc()
            self.metrics.seconds.labels(path).observe(seconds)
            if self.log and path not in QUIET:
                print(f"{scope['method']} {path} {status} {seconds:.2f}s {number}", file=sys.stderr, flush=True)

    def _refusal(self, scope, headers: Headers) -> APIError | None:
        if self.names is not None and host_name(headers.get("host", "")) not in self.names:
            return APIError(403, "this server answers to localhost alone; see serve.host", code="unknown_host")
        # A page elsewhere may send a form to localhost without asking; it cannot read the answer, but it is decoded.
        elsewhere = headers.get("sec-fetch-site") == "cross-site" and scope["method"] == "POST"
        if elsewhere and headers.get("origin") not in self.origins and "*" not in self.origins:
            return APIError(403, "pages of other sites may not ask; see serve.allow_origins", code="unknown_origin")
        if self.key is None or scope["path"] in OPEN or scope["method"] == "OPTIONS":
            return None
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), self.key.encode()):
            return None
        return APIError(401, "this server asks for a key: Authorization: Bearer ...", code="invalid_api_key")


def host_name(header: str) -> str:
    """A Host header without its port and brackets."""
    name = header.rsplit(":", 1)[0] if header.rsplit(":", 1)[-1].isdecimal() else header
    return name.strip("[]").lower()


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
