"""What clients of the server may send: the bodies of its requests, checked; and the error that they get back."""

from typing import Any, Literal

from fastapi import Request as HTTPRequest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

MAX_BODY = 4 << 20  # bytes of a request; a full context is a few KB


class APIError(Exception):
    def __init__(self, status: int, message: str, param: str | None = None, code: str | None = None):
        self.status, self.message, self.param, self.code = status, message, param, code


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
