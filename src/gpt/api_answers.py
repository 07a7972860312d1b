"""What the server answers, in OpenAI's shapes: tokens and log-probabilities, usage, events of a stream, errors."""

import asyncio
import codecs
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import orjson
from fastapi import Request as HTTPRequest
from starlette.responses import Response

from gpt.api_requests import APIError, off_loop
from gpt.decoder import Completion
from gpt.engine import Engine, Job, Stopping
from gpt.grammar import GrammarFailed
from gpt.text_stream import token_bytes
from gpt.tokenizer import Tokenizer

ERROR_TYPES = {401: "authentication_error", 429: "rate_limit_error"}


class TokenStrings:
    """Token ids as the strings that answers show."""

    def __init__(self, tokenizer: Tokenizer):
        self.bytes = token_bytes(tokenizer)
        self.names = {i: token for token, i in tokenizer.special_ids.items()}

    def of(self, i: int) -> str:
        """A token as a string of its own; part of a character as OpenAI writes it, bytes:\\xe2\\x82."""
        if i in self.names:
            return self.names[i]
        try:
            return self.bytes[i].decode()
        except UnicodeDecodeError:
            return "bytes:" + "".join(f"\\x{b:02x}" for b in self.bytes[i])

    def chat_logprobs(self, done: Completion, start: int, end: int) -> dict:
        """Those of tokens start to end - 1, as /v1/chat/completions gives them."""

        def entry(i: int, logprob: float) -> dict:
            return {"token": self.of(i), "logprob": logprob, "bytes": list(self.bytes[i])}

        tokens = zip(done.ids[start:end], done.logprobs[start:end], done.alternatives[start:end])
        content = [
            entry(i, own) | {"top_logprobs": [entry(*pair) for pair in alternatives.items()]}
            for i, own, alternatives in tokens
        ]
        return {"content": content, "refusal": None}

    def text_logprobs(
        self, ids: list[int], own: Sequence[float | None], alternatives: Sequence[dict | None], offset: int
    ) -> dict:
        """Those of ids, whose text begins at character `offset`, as /v1/completions gives them."""
        offsets, characters = [], codecs.getincrementaldecoder("utf-8")("replace")
        for i in ids:
            offsets.append(offset)
            offset += len(characters.decode(self.bytes[i]))
        return {
            "tokens": [self.of(i) for i in ids],
            "token_logprobs": own,
            "text_offset": offsets,
            "top_logprobs": [a and {self.of(i): p for i, p in a.items()} for a in alternatives],
        }


def usage(jobs: list[Job], prompts: int) -> dict:
    """prompts: prompt tokens, those of a prompt with n answers counted once"""
    said = sum(len(job.completion.ids) for job in jobs)
    return {"prompt_tokens": prompts, "completion_tokens": said, "total_tokens": prompts + said}


async def json_answer(numbers: int, work: Callable[[], dict]) -> Response:
    """work's value as JSON. numbers: about so many are in it; sixteen answers with their log-probabilities take a
    second, so they are made in a thread."""
    return Response(await off_loop(20 * numbers, lambda: orjson.dumps(work())), media_type="application/json")


def sse(value: dict) -> bytes:
    """A server-sent event. Some clients take U+2028 and its like for ends of lines, so they go out as escapes."""
    line = orjson.dumps(value)
    for character, escape in ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"), (b"\xc2\x85", b"\\u0085")):
        line = line.replace(character, escape)
    return b"data: " + line + b"\n\n"


DONE = b"data: [DONE]\n\n"


async def follow(engine: Engine, jobs: list[Job]) -> AsyncIterator[tuple[Job, str, int, str | None]]:
    """(job, text, tokens so far, finish reason) as they come. However it ends, also because the client has gone,
    decoding ends with it."""
    running = len(jobs)
    try:
        while running:
            job, text, tokens, finish, error = await jobs[0].events.get()
            if error:
                raise as_failure(error)
            running -= finish is not None
            yield job, text, tokens, finish
    finally:
        engine.give(jobs)


def as_failure(error: Exception) -> APIError:
    if isinstance(error, Stopping):
        return APIError(503, str(error), code="server_stopping")
    if isinstance(error, GrammarFailed):
        return APIError(400, f"response_format: {error}", "response_format")
    why = re.sub(r"(/[\w.+-]+){2,}", "...", f"{type(error).__name__}: {error}".splitlines()[0])  # no paths of ours
    return APIError(500, f"decoding failed: {why}")


async def finish(http: HTTPRequest, engine: Engine, jobs: list[Job]) -> None:
    """Wait until all have their answers. Whoever leaves meanwhile needs none."""

    async def wait() -> None:
        async for _ in follow(engine, jobs):
            pass

    await until_gone(wait(), http.receive)


async def until_gone(work: Awaitable[None], receive: Callable) -> None:
    """Do the work, but no longer than the client is there."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    tasks = [asyncio.ensure_future(work), asyncio.ensure_future(gone())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        outcome, _ = await asyncio.gather(*tasks, return_exceptions=True)
    if isinstance(outcome, Exception):
        raise outcome


class EventStream(Response):
    """Server-sent events. An error in their midst is an event too: the status line has gone out already."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[bytes]):
        super().__init__(headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self.events = events

    async def __call__(self, scope, receive, send) -> None:
        if scope["http_version"] == "1.0":  # which knows no chunks: it gets the events together
            send = Gathered(send)
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await until_gone(self._send(send), receive)

    async def _send(self, send) -> None:
        async def write(data: bytes) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": True})

        try:
            async for event in self.events:
                await write(event)
        except APIError as error:
            await write(sse(error_body(error)))
        except Exception as error:
            await write(sse(error_body(as_failure(error))))
            raise
        finally:
            await self.events.aclose()  # type: ignore[attr-defined]  # decoding ends with it
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class Gathered:
    """An ASGI send that sends the whole body at once, with its length."""

    def __init__(self, send: Callable):
        self.send, self.body = send, b""
        self.start: dict = {}

    async def __call__(self, message: dict) -> None:
        if message["type"] == "http.response.start":
            self.start = message
            return
        self.body += message["body"]
        if not message["more_body"]:
            length = (b"content-length", str(len(self.body)).encode())
            await self.send(self.start | {"headers": [*self.start["headers"], length]})
            await self.send({"type": "http.response.body", "body": self.body, "more_body": False})


def error_body(error: APIError) -> dict:
    kind = ERROR_TYPES.get(error.status, "server_error" if error.status >= 500 else "invalid_request_error")
    return {"error": {"message": error.message, "type": kind, "param": error.param, "code": error.code}}
