"""A checkpoint behind an OpenAI-compatible API, and a page to chat with it. serve.checkpoint -> http://host:port

    python src/serve.py
    python src/serve.py --config configs/demo.yaml serve.port=0

    /                      the chat page
    /chat                  curl -N localhost:8080/chat -d '{"messages": [{"role": "user", "content": "What is gold?"}]}'
    /v1/chat/completions   /v1/completions   /v1/models     what OpenAI's clients and lm-eval speak
    /health                answers also while the model is busy

One thread owns the model and decodes up to serve.max_batch requests side by side; a request joins the others at the next
token. For more than one process: vllm serve checkpoints/dpo/latest.
"""

import asyncio
import codecs
import contextlib
import errno
import json
import random
import signal
import socket
import sys
import threading
import time
import traceback
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import uvicorn
from fastapi import FastAPI
from fastapi import Request as HTTPRequest
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from starlette.exceptions import HTTPException

from gpt import chat, checkpoints
from gpt.decoder import Completion, Decoder, Request, check_prompt, load, score, token_bytes
from gpt.sampling import Sampling
from pipeline.cli import stage_main
from pipeline.config import InputError, resolve

PAGE = Path(__file__).parent / "gpt" / "page.html"
MAX_BODY = 4 << 20  # bytes of a request; a full context is a few KB
SHUTDOWN_SECONDS = 5  # that answers under way have to end when the server is told to stop


class APIError(Exception):
    def __init__(self, status: int, message: str, param: str | None = None, code: str | None = None):
        self.status, self.message, self.param, self.code = status, message, param, code


# ---------------------------------------------------------------- the decoding thread


@dataclass(eq=False)
class Job:
    """One answer on its way. Its events go to the queue of the HTTP request that asked for it."""

    request: Request
    number: int  # among the answers of that request
    events: asyncio.Queue
    loop: asyncio.AbstractEventLoop
    completion: Completion = field(default_factory=Completion)
    cancelled: bool = False

    def tell(self, text: str, error: Exception | None = None) -> None:
        """Text that became certain, with the tokens so far and the finish reason; or that decoding failed."""
        event = (self, text, len(self.completion.ids), self.completion.finish_reason, error)
        with contextlib.suppress(RuntimeError):  # the server has stopped meanwhile
            self.loop.call_soon_threadsafe(self.events.put_nowait, event)


class Engine:
    """Decodes what is submitted in a thread of its own, up to max_batch rows at a time."""

    def __init__(self, model, tokenizer, max_batch: int, queue: int):
        self.model, self.tokenizer, self.max_batch, self.queue = model, tokenizer, max_batch, queue
        self.waiting: deque[Job] = deque()
        self.calls: deque[Callable[[], None]] = deque()
        self.decoder = Decoder(model, tokenizer)
        self.joining: list[Job] = []  # on their way from waiting into the decoder
        self.changed = threading.Condition()
        self.closing = False
        self.thread = threading.Thread(target=self._run, name="decoding", daemon=True)
        self.thread.start()

    def submit(self, requests: list[Request]) -> list[Job]:
        """From the event loop; the jobs share one queue of events. APIError 429 when there is no room for all of them."""
        with self.changed:
            self._admit(len(requests))
            events, loop = asyncio.Queue(), asyncio.get_running_loop()
            jobs = [Job(request, number, events, loop) for number, request in enumerate(requests)]
            self.waiting.extend(jobs)
            self.changed.notify()
        return jobs

    def _admit(self, n: int) -> None:
        taken = len(self.decoder.rows) + len(self.joining) + len(self.waiting) + len(self.calls)
        if taken + n > self.max_batch + self.queue:
            raise APIError(429, "the queue is full; try again in a moment", code="queue_full")

    async def call(self, function: Callable[[], Any]) -> Any:
        """function's value, worked out between two steps in the thread that owns the model."""
        loop, done = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()

        def settle(method, value) -> None:
            if not done.done():
                method(value)

        def work() -> None:
            try:
                outcome = done.set_result, function()
            except Exception as error:
                outcome = done.set_exception, error
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, *outcome)

        with self.changed:
            self._admit(1)
            self.calls.append(work)
            self.changed.notify()
        return await done

    def cancel(self, jobs: list[Job]) -> None:
        for job in jobs:
            job.cancelled = True
        with self.changed:
            self.waiting = deque(job for job in self.waiting if not job.cancelled)
            self.changed.notify()

    def close(self) -> None:
        with self.changed:
            self.closing = True
            self.changed.notify()
        self.thread.join()

    def _run(self) -> None:
        while True:
            with self.changed:
                while not (self.waiting or self.calls or self.decoder.rows or self.closing):
                    self.changed.wait()
                if self.closing:
                    return
                call = self.calls.popleft() if self.calls else None
                free = self.max_batch - len(self.decoder.rows)
                self.joining = [self.waiting.popleft() for _ in range(min(free, len(self.waiting)))]
            if call:
                call()
            try:
                self._step()
            except Exception as error:  # out of memory, say: those who wait are told, and the server goes on
                traceback.print_exc()
                rows = list(self.decoder.rows)
                for row in rows:
                    self.decoder.drop(row)
                for job in self.joining + [row.key for row in rows if row.key not in self.joining]:
                    job.tell("", error)
                self.joining = []

    def _step(self) -> None:
        for row in [row for row in self.decoder.rows if row.key.cancelled]:
            self.decoder.drop(row)
        if self.joining:
            rows = self.decoder.add([job.request for job in self.joining], self.joining)
            for row in rows:
                row.key.completion = row.completion
            self.joining = []
        if self.decoder.rows:
            for row, text in self.decoder.step():
                row.key.tell(text)


# ---------------------------------------------------------------- what clients may send


class Body(BaseModel):
    """Unknown fields are let through unread: clients send many."""

    model_config = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False, protected_namespaces=())


class TextPart(Body):
    type: Literal["text"]
    text: str


class Message(Body):
    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart]

    def plain(self) -> dict:
        text = self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)
        return {"role": "system" if self.role == "developer" else self.role, "content": text}


class StreamOptions(Body):
    include_usage: bool | None = None


class Generation(Body):
    """What both endpoints understand; null is the same as not given."""

    model: str | None = None
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    max_tokens: int | None = Field(None, ge=0)
    n: int | None = Field(None, ge=1)
    seed: int | None = None
    stop: str | list[str] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    # not OpenAI's, but named as vLLM names them
    top_k: int | None = Field(None, ge=0)
    min_p: float | None = Field(None, ge=0, le=1)
    repetition_penalty: float | None = Field(None, ge=0.01, le=100)
    # would change the answer, so leaving them unread would be a lie
    presence_penalty: Any = None
    frequency_penalty: Any = None
    logit_bias: Any = None
    response_format: Any = None
    suffix: Any = None

    @field_validator("presence_penalty", "frequency_penalty", "logit_bias", "response_format", "suffix")
    @classmethod
    def _off(cls, value):
        if value and value != {"type": "text"}:
            raise ValueError("is not supported by this server")


class ChatBody(Generation):
    messages: list[Message] = Field(min_length=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    max_tokens: int | None = Field(None, ge=1)
    logprobs: bool | None = None
    top_logprobs: int | None = Field(None, ge=0, le=20)


class CompletionBody(Generation):
    prompt: str | list[str] | list[int] | list[list[int]]
    echo: bool | None = None
    logprobs: int | None = Field(None, ge=0, le=20)


async def read_body(http: HTTPRequest, kind: type[Body]) -> Any:
    """The request's JSON, whatever Content-Type it came with: curl -d sends another."""
    body = b""
    async for chunk in http.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise APIError(413, f"the request is larger than {MAX_BODY >> 20} MB")
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = (
            ".".join(part for part in map(str, first["loc"]) if part != "str" and "[" not in part) or None
        )  # no type names
        problem = "is required" if first["type"] == "missing" else first["msg"].removeprefix("Value error, ")
        message = f"{name}: {problem}" if name else f"the body is not a JSON object as it should be: {problem}"
        raise APIError(400, message, name) from None


# ---------------------------------------------------------------- the API


class API:
    """What the endpoints share: the model's name and settings, and requests turned into jobs."""

    def __init__(self, engine: Engine, settings):
        self.engine, self.settings, self.tokenizer = engine, settings, engine.tokenizer
        self.context = engine.model.config.block_size
        self.created = int(time.time())
        self.bytes = token_bytes(engine.tokenizer)
        self.names = {i: token for token, i in engine.tokenizer.special_ids.items()}

    def check_model(self, body: Generation) -> None:
        if body.model not in (None, self.settings.name):
            raise APIError(
                404,
                f"the model '{body.model}' is not here; this server has '{self.settings.name}'",
                "model",
                "model_not_found",
            )

    def sampling(self, body: Generation) -> Sampling:
        """The request's knobs, the config's where it gives none."""
        given = {knob: getattr(body, knob) for knob in ("temperature", "top_k", "top_p", "min_p", "repetition_penalty")}
        return replace(
            Sampling.of(self.settings), **{knob: value for knob, value in given.items() if value is not None}
        )

    def requests(
        self, body: Generation, prompts: list[list[int]], param: str, max_tokens: int | None, logprobs: int | None
    ) -> list[Request]:
        """n requests for each prompt. APIError when one is too long."""
        n = body.n or 1
        if n * len(prompts) > (most := self.engine.max_batch + self.engine.queue):
            raise APIError(
                400,
                f"n: {n * len(prompts)} answers in one request are more than the {most} that this server takes "
                "(serve.max_batch + serve.queue)",
                "n",
            )
        for prompt in prompts:
            try:
                check_prompt(prompt, self.context)
            except InputError as error:
                raise APIError(400, str(error), param, "context_length_exceeded") from None
        seed = random.getrandbits(63) if body.seed is None else body.seed
        stop = tuple(s for s in ([body.stop] if isinstance(body.stop, str) else body.stop or []) if s)
        limit = self.context if max_tokens is None else max_tokens
        return [
            Request(prompt, limit, self.sampling(body), seed + i, stop, logprobs)
            for prompt in prompts
            for i in range(n)
        ]

    def token(self, i: int) -> str:
        """A token as a string of its own; one that is only part of a character as OpenAI writes it, bytes:\\xe2\\x82."""
        if i in self.names:
            return self.names[i]
        try:
            return self.bytes[i].decode()
        except UnicodeDecodeError:
            return "bytes:" + "".join(f"\\x{b:02x}" for b in self.bytes[i])

    def chat_logprobs(self, done: Completion, start: int, end: int) -> dict:
        def entry(i: int, logprob: float) -> dict:
            return {"token": self.token(i), "logprob": logprob, "bytes": list(self.bytes[i])}

        return {
            "content": [
                entry(i, own) | {"top_logprobs": [entry(*pair) for pair in alternatives.items()]}
                for i, own, alternatives in zip(
                    done.ids[start:end], done.logprobs[start:end], done.alternatives[start:end]
                )
            ],
            "refusal": None,
        }

    def text_logprobs(
        self, ids: list[int], own: list[float | None], alternatives: list[dict | None], offset: int
    ) -> dict:
        offsets, characters = [], codecs.getincrementaldecoder("utf-8")("replace")
        for i in ids:
            offsets.append(offset)
            offset += len(characters.decode(self.bytes[i]))
        return {
            "tokens": [self.token(i) for i in ids],
            "token_logprobs": own,
            "text_offset": offsets,
            "top_logprobs": [a and {self.token(i): p for i, p in a.items()} for a in alternatives],
        }


async def follow(http: HTTPRequest, engine: Engine, jobs: list[Job]) -> AsyncIterator[tuple[Job, str, int, str | None]]:
    """(job, text, tokens so far, finish reason) as they come. However it ends, also because the client has gone, decoding
    ends with it."""
    running = len(jobs)
    try:
        while running:
            try:
                *event, error = await asyncio.wait_for(jobs[0].events.get(), 1.0)
            except asyncio.TimeoutError:
                event = error = None
            if await http.is_disconnected():
                return
            if error:
                raise APIError(500, f"decoding failed: {error}")
            if event:
                running -= event[3] is not None
                yield tuple(event)
    finally:
        engine.cancel(jobs)


def usage(jobs: list[Job], prompts: int) -> dict:
    """prompts: prompt tokens, those of a prompt with n answers counted once"""
    said = sum(len(job.completion.ids) for job in jobs)
    return {"prompt_tokens": prompts, "completion_tokens": said, "total_tokens": prompts + said}


def sse(value: Any) -> str:
    return f"data: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}\n\n"


def event_stream(chunks: AsyncIterator[str]) -> StreamingResponse:
    async def guarded() -> AsyncIterator[str]:
        try:
            async for chunk in chunks:
                yield chunk
        except APIError as error:  # the status line has gone out already
            yield sse(error_body(error))

    return StreamingResponse(
        guarded(), media_type="text/event-stream", headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    )


def error_body(error: APIError) -> dict:
    kind = {429: "rate_limit_error", 500: "server_error"}.get(error.status, "invalid_request_error")
    return {"error": {"message": error.message, "type": kind, "param": error.param, "code": error.code}}


def create_app(engine: Engine, settings, on_start: Callable[[], None] = lambda: None) -> FastAPI:
    api = API(engine, settings)
    page = PAGE.read_text(encoding="utf-8")

    @contextlib.asynccontextmanager
    async def lifespan(_):
        on_start()
        yield
        await asyncio.to_thread(engine.close)

    app = FastAPI(title="wikillm", openapi_url=None, lifespan=lifespan)

    @app.exception_handler(APIError)
    async def api_error(_, error: APIError):
        return JSONResponse(error_body(error), error.status, {"Retry-After": "1"} if error.status == 429 else None)

    @app.exception_handler(HTTPException)
    async def http_error(_, error: HTTPException):
        return JSONResponse(error_body(APIError(error.status_code, str(error.detail))), error.status_code)

    @app.exception_handler(Exception)
    async def own_error(_, error: Exception):
        return JSONResponse(error_body(APIError(500, f"a defect of this server: {type(error).__name__}: {error}")), 500)

    @app.get("/")
    async def index():
        policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:"
        return HTMLResponse(page, headers={"Content-Security-Policy": policy, "Cache-Control": "no-cache"})

    @app.get("/health")
    async def health():
        return {
            "status": "ok",
            "model": settings.name,
            "checkpoint": settings.checkpoint,
            "context": api.context,
            "temperature": settings.temperature,
            "decoding": len(engine.decoder.rows),
            "waiting": len(engine.waiting),
        }

    @app.get("/v1/models")
    async def models():
        return {"object": "list", "data": [model_card(api)]}

    @app.get("/v1/models/{name:path}")
    async def model(name: str):
        api.check_model(Generation(model=name))
        return model_card(api)

    @app.post("/v1/chat/completions")
    async def chat_completions(http: HTTPRequest):
        body = await read_body(http, ChatBody)
        api.check_model(body)
        prompt, _ = chat.encode(api.tokenizer, [m.plain() for m in body.messages], add_generation_prompt=True)
        limit = body.max_tokens if body.max_completion_tokens is None else body.max_completion_tokens
        jobs = engine.submit(
            api.requests(body, [prompt], "messages", limit, (body.top_logprobs or 0) if body.logprobs else None)
        )
        head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": settings.name}
        if body.stream:
            return event_stream(stream_chat(api, http, body, jobs, head, len(prompt)))
        async for _ in follow(http, engine, jobs):
            pass
        choices = [
            {
                "index": i,
                "message": {"role": "assistant", "content": job.completion.text, "refusal": None},
                "logprobs": api.chat_logprobs(job.completion, 0, len(job.completion.ids)) if body.logprobs else None,
                "finish_reason": job.completion.finish_reason,
            }
            for i, job in enumerate(jobs)
        ]
        return head | {"object": "chat.completion", "choices": choices, "usage": usage(jobs, len(prompt))}

    @app.post("/v1/completions")
    async def completions(http: HTTPRequest):
        body = await read_body(http, CompletionBody)
        api.check_model(body)
        return await complete(api, http, body)

    @app.post("/chat")
    async def plain_chat(http: HTTPRequest):
        body = await read_body(http, ChatBody)
        room = min(api.context - 1 if body.max_tokens is None else body.max_tokens, api.context // 2)
        try:
            prompt, dropped = chat.prompt(api.tokenizer, [m.plain() for m in body.messages], api.context - room)
        except InputError as error:
            raise APIError(400, str(error), "messages", "context_length_exceeded") from None
        (job,) = engine.submit(api.requests(body, [prompt], "messages", body.max_tokens, None)[:1])

        async def events() -> AsyncIterator[str]:
            if dropped:
                yield sse({"dropped": dropped})
            async for _, text, tokens, finish in follow(http, engine, [job]):
                if text:
                    yield sse({"text": text})
                if finish:
                    yield sse({"finish_reason": finish, "tokens": tokens})

        return event_stream(events())

    return app


def model_card(api: API) -> dict:
    return {
        "id": api.settings.name,
        "object": "model",
        "created": api.created,
        "owned_by": "wikillm",
        "root": api.settings.checkpoint,
        "max_model_len": api.context,
    }


async def stream_chat(
    api: API, http: HTTPRequest, body: ChatBody, jobs: list[Job], head: dict, prompt_tokens: int
) -> AsyncIterator[str]:
    head = head | {"object": "chat.completion.chunk"}
    with_usage = bool(body.stream_options and body.stream_options.include_usage)
    extra = {"usage": None} if with_usage else {}
    shown = [0] * len(jobs)  # tokens whose log-probabilities have gone out

    def chunk(number: int, delta: dict, logprobs: dict | None = None, finish: str | None = None) -> str:
        return sse(
            head
            | {"choices": [{"index": number, "delta": delta, "logprobs": logprobs, "finish_reason": finish}]}
            | extra
        )

    for number in range(len(jobs)):
        yield chunk(number, {"role": "assistant", "content": ""})
    async for job, text, tokens, finish in follow(http, api.engine, jobs):
        if text or body.logprobs:
            logprobs = api.chat_logprobs(job.completion, shown[job.number], tokens) if body.logprobs else None
            shown[job.number] = tokens
            yield chunk(job.number, {"content": text}, logprobs)
        if finish:
            yield chunk(job.number, {}, None, finish)
    if with_usage:
        yield sse(head | {"choices": [], "usage": usage(jobs, prompt_tokens)})
    yield sse("[DONE]")


async def complete(api: API, http: HTTPRequest, body: CompletionBody):
    """/v1/completions: prompts of text or token ids; echo with logprobs scores them, as lm-eval asks."""
    engine, limit = api.engine, 16 if body.max_tokens is None else body.max_tokens  # 16 is OpenAI's own
    prompts = token_prompts(api, body.prompt)
    requests = api.requests(body, prompts, "prompt", max(limit, 1), body.logprobs)
    head = {
        "id": f"cmpl-{uuid.uuid4().hex}",
        "object": "text_completion",
        "created": int(time.time()),
        "model": api.settings.name,
    }
    scores = (
        [await engine.call(lambda p=p: score(engine.model, p, max(body.logprobs, 1))) for p in prompts]
        if body.echo and body.logprobs is not None
        else None
    )
    jobs = (
        engine.submit(requests)
        if limit
        else [
            Job(r, i, asyncio.Queue(), asyncio.get_running_loop(), Completion(finish_reason="length"))
            for i, r in enumerate(requests)
        ]
    )
    texts = [api.tokenizer.decode(p) if body.echo else "" for p in prompts]
    count = sum(map(len, prompts))

    def choice(job: Job, text: str, start: int, end: int, finish: str | None) -> dict:
        """The part of an answer from token `start` on; the first one has the echo."""
        done, which, logprobs = job.completion, job.number // (body.n or 1), None
        echo = texts[which] if start == 0 else ""
        if body.logprobs is not None:
            ids, own, alternatives = done.ids[start:end], done.logprobs[start:end], done.alternatives[start:end]
            offset = len(texts[which]) + len(api.tokenizer.decode(done.ids[:start]))
            if scores and start == 0:
                ids, own, alternatives = (
                    prompts[which] + ids,
                    [None, *scores[which][0], *own],
                    [None, *scores[which][1], *alternatives],
                )
                offset = 0
            logprobs = api.text_logprobs(ids, own, alternatives, offset)
        return {"index": job.number, "text": echo + text, "logprobs": logprobs, "finish_reason": finish}

    async def chunks() -> AsyncIterator[str]:
        extra = {"usage": None} if body.stream_options and body.stream_options.include_usage else {}
        shown = [0] * len(jobs)
        async for job, text, tokens, finish in follow(http, engine, jobs):
            yield sse(head | {"choices": [choice(job, text, shown[job.number], tokens, finish)]} | extra)
            shown[job.number] = tokens
        if extra:
            yield sse(head | {"choices": [], "usage": usage(jobs, count)})
        yield sse("[DONE]")

    if body.stream and limit:
        return event_stream(chunks())
    if limit:
        async for _ in follow(http, engine, jobs):
            pass
    choices = [
        choice(job, job.completion.text, 0, len(job.completion.ids), job.completion.finish_reason) for job in jobs
    ]
    return head | {"choices": choices, "usage": usage(jobs, count)}


def token_prompts(api: API, prompt) -> list[list[int]]:
    """One list of ids a prompt; an empty prompt is the beginning of a document."""
    if isinstance(prompt, str) or (prompt and isinstance(prompt[0], int)):
        prompt = [prompt]
    if not prompt:
        raise APIError(400, "prompt: is empty", "prompt")
    ids = [api.tokenizer.encode(p) if isinstance(p, str) else p for p in prompt]
    known = api.engine.model.config.vocab_size
    if any(not 0 <= i < known for p in ids for i in p):
        raise APIError(400, f"prompt: token ids are 0 to {known - 1}", "prompt")
    return [p or [api.tokenizer.end_id] for p in ids]


# ---------------------------------------------------------------- the process


def listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        reason = "another program has it" if error.errno == errno.EADDRINUSE else error.strerror
        raise InputError(
            f"cannot listen on {host}:{port}: {reason}; stop that, or give another serve.port (0: any free one)"
        ) from None


def main(cfg) -> None:
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
    uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=SHUTDOWN_SECONDS)).run(
        sockets=[sock]
    )
    print("stopped", file=sys.stderr)


if __name__ == "__main__":
    stage_main(main, __doc__, ("serve",))
