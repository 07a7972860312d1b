"""What the server answers, in OpenAI's shapes: tokens and log-probabilities, usage, events of a stream, errors."""

import codecs
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from fastapi.responses import StreamingResponse

from gpt.api_requests import APIError
from gpt.decoder import Completion, token_bytes
from gpt.engine import Job
from gpt.tokenizer import Tokenizer


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


def sse(value: Any) -> str:
    """A server-sent event."""
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
