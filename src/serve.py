"""A checkpoint behind an OpenAI-compatible API, and a page to chat with it. serve.checkpoint -> http://host:port

    python src/serve.py
    python src/serve.py --config configs/demo.yaml serve.port=0

    /                      the chat page
    /chat                  curl -N localhost:8080/chat -d '{"messages": [{"role": "user", "content": "What is gold?"}]}'
    /v1/chat/completions   /v1/completions   /v1/models     what OpenAI's clients and lm-eval speak
    /health                answers also while the model is busy

One thread owns the model and decodes up to serve.max_batch requests side by side; a request joins the others at the
next token (gpt/engine.py). The endpoints are in gpt/openai_api.py, what clients may send in gpt/api_requests.py. For
more than one process: vllm serve checkpoints/dpo/latest.
"""

import asyncio
import contextlib
import errno
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException

from gpt import checkpoints
from gpt.api_answers import error_body
from gpt.api_requests import APIError
from gpt.decoder import load
from gpt.engine import Engine, QueueFull
from gpt.openai_api import API
from pipeline.cli import stage_main
from pipeline.config import Config, InputError, Serve, resolve

PAGE = Path(__file__).parent / "gpt" / "page.html"
SHUTDOWN_SECONDS = 5  # that answers under way have to end when the server is told to stop


def main(cfg: Config) -> None:
    settings = cfg.serve
    checkpoints.load_config(resolve(settings.checkpoint))  # a missing one is said before anything starts
    sock = listen(settings.host, settings.port)
    model, tokenizer = load(settings.checkpoint)
    host, port = sock.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def ready() -> None:
        print(f"serving {settings.checkpoint} on {url}", flush=True)

    app = create_app(Engine(model, tokenizer, settings.max_batch, settings.queue), settings, ready)
    for stop in (signal.SIGTERM, signal.SIGINT):  # uvicorn ends the server, then raises the signal again: it ends well
        signal.signal(stop, lambda *_: None)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=SHUTDOWN_SECONDS)
    uvicorn.Server(config).run(sockets=[sock])
    print("stopped", file=sys.stderr)


def listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        reason = "another program has it" if error.errno == errno.EADDRINUSE else error.strerror
        raise InputError(
            f"cannot listen on {host}:{port}: {reason}; stop that, or give another serve.port (0: any free one)"
        ) from None


def create_app(engine: Engine, settings: Serve, on_start: Callable[[], None] = lambda: None) -> FastAPI:
    """The page and the API over an engine, which ends with it."""
    api = API(engine, settings)

    @contextlib.asynccontextmanager
    async def lifespan(_):
        on_start()
        yield
        await asyncio.to_thread(engine.close)

    app = FastAPI(title="wikillm", openapi_url=None, lifespan=lifespan)
    app.get("/")(chat_page(PAGE.read_text(encoding="utf-8")))
    app.get("/health")(api.health)
    app.get("/v1/models")(api.models)
    app.get("/v1/models/{name:path}")(api.model)
    app.post("/v1/chat/completions")(api.chat_completions)
    app.post("/v1/completions")(api.completions)
    app.post("/chat")(api.plain_chat)
    answer_errors(app)
    return app


def chat_page(page: str) -> Callable:
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

    @app.exception_handler(HTTPException)
    async def http_error(_, error: HTTPException):
        return answer(APIError(error.status_code, str(error.detail)))

    @app.exception_handler(Exception)
    async def own_error(_, error: Exception):
        return answer(APIError(500, f"a defect of this server: {type(error).__name__}: {error}"))


if __name__ == "__main__":
    stage_main(main, __doc__, ("serve",))
