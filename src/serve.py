"""A checkpoint behind an OpenAI-compatible API, and a page to chat with it. serve.checkpoint -> http://host:port

    python src/serve.py
    python src/serve.py --config configs/demo.yaml serve.port=0

    /                      the chat page
    /chat                  curl -N localhost:8080/chat -d '{"messages": [{"role": "user", "content": "What is gold?"}]}'
    /v1/chat/completions   /v1/completions   /v1/models     what OpenAI's clients and lm-eval speak
    /tokenize  /detokenize /health  /health/live  /health/ready  /metrics

One thread a model owns it and decodes up to serve.max_batch requests side by side; a request joins the others at the
next token (gpt/engine.py). With serve.lookup, or `lookup` in a request, the model answers from a passage of the
encyclopaedia and the answer has its sources (gpt/lookup.py, docs/lookup.md). The endpoints are in gpt/openai_api.py,
what clients may send in gpt/api_requests.py, keys and time limits in gpt/network.py. On a network, or for more than one
process: docs/serve.md.
"""

import pipeline.ctrl_c  # first, for as long as the others take

import asyncio
import contextlib
import errno
import gc
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from gpt import checkpoints
from gpt.api_answers import error_body
from gpt.api_requests import APIError
from gpt.decoder import load
from gpt.engine import Engine, QueueFull, Stopping
from gpt.lookup import Reader, open_reader
from gpt.machine import freeze_gc
from gpt.network import Gate, Metrics, Server, is_loopback
from gpt.openai_api import API
from pipeline.cli import stage_main
from pipeline.config import Config, InputError, Serve, resolve
from wikipedia.search import Search

PAGE = Path(__file__).parent / "gpt" / "page.html"


def main(cfg: Config) -> None:
    settings = cfg.serve
    served = settings.models or {settings.name: settings.checkpoint}
    for checkpoint in served.values():
        checkpoints.load_config(resolve(checkpoint))  # a missing one is said before anything starts
    key = api_key(settings)
    reader = open_reader(cfg, Search, settings.lookup)
    sock = listen(settings.host, settings.port)
    engines = {name: start_engine(checkpoint, settings) for name, checkpoint in served.items()}
    host, port = sock.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def ready() -> None:
        print(f"serving {', '.join(served.values())} on {url}", flush=True)

    app = create_app(engines, settings, key, ready, reader)
    freeze_gc()  # a full scan walks through all of torch, and no request is answered meanwhile
    for stop in (signal.SIGTERM, signal.SIGINT):  # uvicorn ends the server, then raises the signal again: it ends well
        signal.signal(stop, lambda *_: None)
    if signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:  # the terminal was closed, and there is no nohup
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
    Server(app, engines.values()).run(sockets=[sock])
    gc.freeze()  # what came since, too, or the interpreter walks through it once more before it ends
    print("stopped", file=sys.stderr)


def api_key(settings: Serve) -> str | None:
    """The key that clients must send, from the environment variable that serve.api_key names."""
    if settings.api_key and not os.environ.get(settings.api_key):
        raise InputError(f"serve.api_key names the environment variable {settings.api_key}, which is empty; set it")
    if not settings.api_key and not is_loopback(settings.host):
        print(f"warning: whoever reaches {settings.host} can use this server; serve.api_key closes it", file=sys.stderr)
    return os.environ[settings.api_key] if settings.api_key else None


def listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        reason = "another program has it" if error.errno == errno.EADDRINUSE else error.strerror
        raise InputError(
            f"cannot listen on {host}:{port}: {reason}; stop that, or give another serve.port (0: any free one)"
        ) from None
    # Accepted sockets inherit it. Without it a short answer on a connection that is kept waits 40 ms for an ACK.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def start_engine(checkpoint: str, settings: Serve) -> Engine:
    model, tokenizer = load(checkpoint, settings.dtype)
    prefix_bytes = settings.prefix_cache_mb << 20
    return Engine(model, tokenizer, settings.max_batch, settings.queue, settings.queue_seconds, prefix_bytes)


def create_app(
    engines: dict[str, Engine],
    settings: Serve,
    key: str | None = None,
    on_start: Callable[[], None] = lambda: None,
    reader: Reader | None = None,
) -> Gate:
    """The page and the API over engines, by the names of their models; they end with it."""
    api, metrics = API(engines, settings, reader), Metrics(engines)

    @contextlib.asynccontextmanager
    async def lifespan(_):
        on_start()
        yield
        api.close()
        for engine in engines.values():
            await asyncio.to_thread(engine.close)

    async def measured() -> PlainTextResponse:
        return PlainTextResponse(metrics.text(), media_type="text/plain; version=0.0.4")

    app = FastAPI(title="wikillm", openapi_url=None, lifespan=lifespan)
    asked: dict[str, Callable[..., Any]] = {
        "/": chat_page(PAGE.read_text(encoding="utf-8")),
        "/health": api.health,
        "/health/live": api.live,
        "/health/ready": api.ready,
        "/metrics": measured,
        "/v1/models": api.list_models,
        "/v1/models/{name:path}": api.one_model,
    }
    told: dict[str, Callable[..., Any]] = {
        "/v1/chat/completions": api.chat_completions,
        "/v1/completions": api.completions,
        "/chat": api.plain_chat,
        "/tokenize": api.tokenize,
        "/detokenize": api.detokenize,
    }
    for path, endpoint in asked.items():
        app.api_route(path, methods=["GET", "HEAD"])(endpoint)
    for path, endpoint in told.items():
        app.post(path, response_model=None)(endpoint)
    answer_errors(app)
    if settings.allow_origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=settings.allow_origins, allow_methods=["*"], allow_headers=["*"]
        )
    paths = frozenset([*asked, *told])
    return Gate(app, metrics, settings.host, key, paths, settings.log_requests, settings.allow_origins)


def chat_page(page: str) -> Callable[[], Any]:
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:"
    )

    async def index():
        return HTMLResponse(page, headers={"Content-Security-Policy": policy, "Cache-Control": "no-cache"})

    return index


def answer_errors(app: FastAPI) -> None:
    """Every error goes out in OpenAI's shape."""

    def answer(error: APIError) -> JSONResponse:
        return JSONResponse(error_body(error), error.status, {"Retry-After": "1"} if error.status == 429 else None)

    @app.exception_handler(APIError)
    async def api_error(_, error: APIError):
        return answer(error)

    @app.exception_handler(QueueFull)
    async def queue_full(_, error: QueueFull):
        return answer(APIError(429, str(error), code="queue_full"))

    @app.exception_handler(Stopping)
    async def stopping(_, error: Stopping):
        return answer(APIError(503, str(error), code="server_stopping"))

    @app.exception_handler(HTTPException)
    async def http_error(_, error: HTTPException):
        return answer(APIError(error.status_code, str(error.detail)))

    @app.exception_handler(Exception)
    async def own_error(_, error: Exception):
        traceback.print_exception(error)
        return answer(APIError(500, f"a defect of this server: {type(error).__name__}"))


if __name__ == "__main__":
    stage_main(main, __doc__, ("serve", "lookup"))
