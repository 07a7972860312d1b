"""What clients of the server may send: the bodies of its requests, checked; and the error that they get back.

Unknown fields are let through unread, for clients send many. A field that is known to change the answer and that this
server does not do is refused: leaving it unread would be a lie.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, Literal, TypeVar

import orjson
from fastapi import Request as HTTPRequest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from gpt.sampling import Sampling

MAX_BODY = 1 << 20  # bytes of a request; a full context is a few KB
BODY_SECONDS = 20  # for all of it to come
LARGE = 16 << 10  # bytes whose reading and tokenizing would hold up the event loop: a thread does it
LARGE_WORK = ThreadPoolExecutor(2, "large-work")  # few: each thread that runs Python keeps the event loop waiting 5 ms
MAX_MESSAGES = 4096
MAX_STOPS, MAX_STOP = 4, 256  # strings (OpenAI's limit) and characters: every token is compared with them

MAX_MESSAGE = 400  # characters of an error
MAX_ID = 10  # digits of a token id

Result = TypeVar("Result")


class APIError(Exception):
    """What a client is told: one line of bounded length, though it may repeat what the client has sent."""

    def __init__(self, status: int, message: str, param: str | None = None, code: str | None = None):
        message = " ".join(message.split())
        message = message if len(message) <= MAX_MESSAGE else message[:MAX_MESSAGE] + " ..."
        super().__init__(message)
        self.status, self.message, self.param, self.code = status, message, param and param[:MAX_MESSAGE], code


class Body(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False, protected_namespaces=())


class TextPart(Body):
    type: Literal["text"]
    text: str


class Message(Body):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | Annotated[list[TextPart], Field(max_length=1024)] | None = None
    tool_calls: list[Any] | None = None

    @model_validator(mode="after")
    def _content(self):
        if self.content is None and not (self.role == "assistant" and self.tool_calls):
            raise ValueError("content is required")
        return self

    def plain(self) -> dict:
        parts = [self.content] if isinstance(self.content, str) else [part.text for part in self.content or []]
        return {"role": "system" if self.role == "developer" else self.role, "content": "".join(parts)}


class StreamOptions(Body):
    include_usage: bool | None = None


class JSONSchema(Body):
    schema_: dict[str, Any] = Field(alias="schema")


class ResponseFormat(Body):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JSONSchema | None = None

    @model_validator(mode="after")
    def _schema(self):
        if self.type == "json_schema" and self.json_schema is None:
            raise ValueError("json_schema is required")
        return self

    def schema_of(self) -> dict | None:
        """None: any text."""
        if self.type == "text":
            return None
        return self.json_schema.schema_ if self.json_schema else {"type": "object"}


Stop = Annotated[str, Field(max_length=MAX_STOP)]
Penalty = Annotated[float, Field(ge=-2, le=2)]
Bias = Annotated[float, Field(ge=-100, le=100)]

# Fields of OpenAI's and vLLM's that would change the answer -> the values that ask for nothing. null never does.
REFUSED: dict[str, tuple] = {
    "allowed_token_ids": ([],),
    "audio": (),
    "bad_words": ([],),
    "best_of": (1,),
    "chat_template": (),
    "documents": ([],),
    "function_call": ("none",),
    "functions": ([],),
    "guided_choice": (),
    "guided_grammar": (),
    "guided_json": (),
    "guided_regex": (),
    "include_stop_str_in_output": (False,),
    "length_penalty": (1, 1.0),
    "modalities": (["text"],),
    "prompt_embeds": (),
    "skip_special_tokens": (True,),
    "structured_outputs": (),
    "suffix": ("",),
    "truncate_prompt_tokens": (),
    "use_beam_search": (False,),
    "web_search_options": (),
}


class Generation(Body):
    """What both endpoints understand; null is the same as not given."""

    model: str | None = None
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    max_tokens: int | None = Field(None, ge=0)
    n: int | None = Field(None, ge=1)
    seed: int | None = None
    stop: Stop | Annotated[list[Stop], Field(max_length=MAX_STOPS)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    logit_bias: Annotated[dict[str, Bias], Field(max_length=1024)] | None = None
    response_format: ResponseFormat | None = None
    # not OpenAI's, but named as vLLM names them
    top_k: int | None = Field(None, ge=-1)
    min_p: float | None = Field(None, ge=0, le=1)
    repetition_penalty: float | None = Field(None, ge=0.01, le=100)
    min_tokens: int | None = Field(None, ge=0)
    ignore_eos: bool | None = None
    stop_token_ids: Annotated[list[int], Field(max_length=64)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _refused(cls, value: Any) -> Any:
        for name in REFUSED.keys() & value.keys() if isinstance(value, dict) else ():
            if value[name] is not None and value[name] not in REFUSED[name]:
                raise APIError(400, f"{name}: is not supported by this server", name)
        return value

    @field_validator("logit_bias")
    @classmethod
    def _ids(cls, value: dict | None) -> dict | None:
        if any(not key.isdecimal() or len(key) > MAX_ID for key in value or ()):
            raise ValueError("its keys are token ids")
        return value

    def sampling(self, default: Sampling) -> Sampling:
        """The request's settings, the default's where it gives none."""
        names = ("temperature", "top_p", "min_p", "repetition_penalty", "presence_penalty", "frequency_penalty")
        given = {name: value for name in names if (value := getattr(self, name)) is not None}
        if self.top_k is not None:
            given["top_k"] = max(self.top_k, 0)  # -1 is off, too
        bias = tuple((int(i), value) for i, value in (self.logit_bias or {}).items())
        return Sampling(**{**vars(default), **given, "bias": bias})

    def stops(self) -> tuple[str, ...]:
        return tuple(s for s in ([self.stop] if isinstance(self.stop, str) else self.stop or []) if s)


class ChatBody(Generation):
    messages: list[Message] = []  # read by read_messages
    max_completion_tokens: int | None = Field(None, ge=1)
    max_tokens: int | None = Field(None, ge=1)
    logprobs: bool | None = None
    top_logprobs: int | None = Field(None, ge=0, le=20)
    continue_final_message: bool | None = None
    lookup: Literal["off", "auto", "always"] | None = None  # ours
    tools: list[Any] | None = None
    tool_choice: Any = None

    @field_validator("tool_choice")
    @classmethod
    def _no_tools(cls, value, info):
        if value not in (None, "none", "auto"):
            raise ValueError("this model cannot call tools")
        return value

    @model_validator(mode="after")
    def _no_alternatives_alone(self):
        if self.top_logprobs and not self.logprobs:
            raise APIError(400, "top_logprobs: needs logprobs: true beside it", "top_logprobs")
        return self

    @model_validator(mode="after")
    def _tools(self):
        if self.tools and self.tool_choice != "none":
            raise APIError(
                400, "tools: this model cannot call tools; leave them out, or send tool_choice none", "tools"
            )
        return self


class CompletionBody(Generation):
    prompt: Any  # read by read_prompt
    echo: bool | None = None
    logprobs: int | None = Field(None, ge=0, le=20)


class TokenizeBody(Body):
    model: str | None = None
    prompt: str | None = None
    messages: list[Message] | None = None
    add_generation_prompt: bool | None = None


class DetokenizeBody(Body):
    model: str | None = None
    tokens: Annotated[list[int], Field(max_length=1 << 17)]


Kind = TypeVar("Kind", bound=Body)


async def read_body(http: HTTPRequest, kind: type[Kind], look: Callable[[Kind], Result]) -> tuple[Kind, Result]:
    """The request's JSON, whatever Content-Type it came with: curl -d sends another; and what `look` makes of it, off
    the loop if it is large. APIError names what is wrong."""
    body = bytearray()
    too_large = APIError(413, f"the request is larger than {MAX_BODY >> 20} MB")
    if int(http.headers.get("content-length", 0)) > MAX_BODY:  # the parser has seen that it is a number
        raise too_large

    async def collect() -> None:
        async for chunk in http.stream():
            body.extend(chunk)
            if len(body) > MAX_BODY:
                raise too_large

    try:
        await asyncio.wait_for(collect(), BODY_SECONDS)
    except asyncio.TimeoutError:
        raise APIError(408, f"the request did not come whole within {BODY_SECONDS} seconds") from None

    def understood() -> tuple[Kind, Result]:
        parsed = parse(bytes(body), kind)
        return parsed, look(parsed)

    return await off_loop(len(body), understood)


async def off_loop(size: int, work: Callable[[], Result]) -> Result:
    """work's value; in a thread when it is about more than LARGE bytes, so that the event loop goes on."""
    return await asyncio.get_running_loop().run_in_executor(LARGE_WORK, work) if size > LARGE else work()


def parse(body: bytes, kind: type[Kind]) -> Kind:
    try:
        value = orjson.loads(body)
    except ValueError as error:
        raise APIError(400, f"the body is not JSON: {str(error).splitlines()[0]}") from None
    if not isinstance(value, dict):
        raise APIError(400, "the body is not a JSON object")
    messages = value.pop("messages", None)
    result = checked(kind, value, "")
    if "messages" in kind.model_fields and (messages is not None or kind is ChatBody):
        result.messages = read_messages(messages)  # type: ignore[attr-defined]
    return result


def read_messages(value: Any) -> list[Message]:
    """One after the other, which leaves the other threads room: pydantic holds them up as long as one call takes."""
    if value is None:
        raise APIError(400, "messages: is required", "messages")
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_MESSAGES:
        raise APIError(400, f"messages: must be a list of 1 to {MAX_MESSAGES:,} messages", "messages")
    return [checked(Message, message, f"messages.{i}.") for i, message in enumerate(value)]


def checked(kind: type[Kind], value: Any, where: str) -> Kind:
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = [part for part in map(str, first["loc"]) if part not in ("str", "constrained-str") and "[" not in part]
        name = (where + ".".join(path)).rstrip(".") or "the body"  # without the names of types
        problem = "is required" if first["type"] == "missing" else first["msg"].removeprefix("Value error, ")
        if problem.startswith("content is"):
            name, problem = f"{name}.content", problem.removeprefix("content ")
        elif kind is Message and name == f"{where}content":
            problem = "must be text, or a list of parts of type text"
        raise APIError(400, f"{name}: {problem}", name) from None


def read_prompt(prompt: Any, known: int, most: int) -> list[str | list[int]]:
    """One text or list of token ids below `known` a prompt, at most `most` of them."""
    if isinstance(prompt, str) or (isinstance(prompt, list) and prompt and type(prompt[0]) is int):
        prompt = [prompt]
    if not isinstance(prompt, list) or not prompt:
        raise APIError(400, "prompt: must be text, token ids, or a list of those", "prompt")
    if len(prompt) > most:
        raise APIError(400, f"prompt: {len(prompt):,} are more than the {most} that this server takes", "prompt")
    for one in prompt:
        if not isinstance(one, str | list):
            raise APIError(400, "prompt: is neither text nor a list of token ids", "prompt")
        if isinstance(one, list):
            check_ids(one, known, "prompt")
    return prompt


def check_ids(ids: list, known: int, name: str) -> None:
    if any(type(i) is not int or not 0 <= i < known for i in ids):
        raise APIError(400, f"{name}: token ids are 0 to {known - 1}", name)


def plain_messages(messages: list[Message]) -> list[dict]:
    """As the chat format has them. What a tool has told is a passage before the question that it was called for: that
    is how fine-tuning has shown passages. The call itself is left out, what the assistant said with it is kept."""
    result: list[dict] = []
    for message in messages:
        plain = message.plain()
        if message.role == "tool":
            asked = next((m for m in reversed(result) if m["role"] != "system"), None)
            if asked and asked["role"] == "user":
                asked["content"] = plain["content"] + "\n\n" + asked["content"]
            else:
                result.append({"role": "user", "content": plain["content"]})
        elif plain["content"] or not message.tool_calls:
            result.append(plain)
    if messages and not result:
        raise APIError(400, "messages: there are only calls of tools, and nothing to answer", "messages")
    return result
