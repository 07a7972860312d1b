"""One prompt to an OpenAI-compatible server, whatever that server does: retries, pace, formats, errors in one line.

    server = Server(cfg.teacher)
    server.check()                                   # is it there, does it have the model?
    server.complete(messages, schema, temperature).text

What is wrong with one prompt is a Refused, so that the others go on; what is wrong with the server is an InputError.
"""

import email.utils
import os
import random
import re
import threading
import time
from typing import Any, NamedTuple

import requests

from pipeline.config import InputError, Teacher

# How an answer in JSON is asked for, best first. Not every server that knows schemas knows lengths in them.
LADDER = ("json_schema", "json_schema without lengths", "json_object", "text")
LENGTHS = ("minItems", "maxItems", "minLength", "maxLength", "minimum", "maximum")
MAX_TOKENS = 2048  # of one answer
LEAST_ROOM = 256  # tokens: an answer that was cut off before had no room left by its prompt
LONGEST_WAIT = 60.0  # seconds between two tries, unless the server asks for more
MOST_OBEYED = 600.0  # that much more
PATIENCE = 600.0  # seconds without any answer but 'too many requests'
SLOWEST = 10.0  # seconds between two requests to a server that says so

FORMAT_WORDS = re.compile(
    r"response_format|json_schema|json_object|schema|guided|grammar|structured|extra|unknown|not supported|unsupported"
)
LENGTH_WORDS = re.compile(
    r"context (?:length|window|size)|max_model_len|n_ctx"
    r"|(?:prompt|input|request|messages?) (?:is |are |has |have )?too (?:long|large|many)|too many (?:input )?tokens"
    r"|exceeds? (?:the )?(?:available |maximum |model'?s? )*(?:context|length|tokens)"
)


class Refused(Exception):
    """The teacher gave no usable answer to one job; the message is the reason, counted in the manifest."""


class TooLong(Refused):
    """The prompt does not fit the model's context."""


class Completion(NamedTuple):
    text: str
    cut_off: bool  # at MAX_TOKENS


class Pace:
    """How fast requests go out: as they come, until the server says 429; then ever slower, and slowly faster again."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.interval = 0.0  # seconds between two requests
        self.next = 0.0  # when the next may go out (time.monotonic)
        self.slowed = 0.0  # when the interval last grew
        self.progress = time.monotonic()  # when an answer last came that was not 429

    def turn(self) -> float:
        """Takes the next place in the line. -> seconds until it is there"""
        with self.lock:
            now = time.monotonic()
            start = max(now, self.next)
            self.next = start + self.interval
            return start - now

    def good(self) -> None:
        with self.lock:
            self.progress = time.monotonic()
            self.interval = self.interval * 0.97 if self.interval > 0.01 else 0.0

    def busy(self, seconds: float | None) -> bool:
        """The server said 429, and maybe for how long. -> whether there is still hope"""
        with self.lock:
            now = time.monotonic()
            if now - self.slowed > max(0.5, self.interval):  # many that were in flight together count once
                self.slowed, self.interval = now, min(SLOWEST, max(0.1, self.interval * 2))
            self.next = max(self.next, now + (seconds or 0.0))
            return now - self.progress < PATIENCE + (seconds or 0.0)


class Server:
    def __init__(self, settings: Teacher):
        self.settings, self.base = settings, settings.base_url.rstrip("/")
        self.key = os.environ.get(settings.api_key_env, "")
        self.rung = 0  # of LADDER
        self.proven: set[int] = set()  # rungs on which an answer has come
        self.pace = Pace()
        self.tokens = {"prompt_tokens": 0, "completion_tokens": 0}  # as far as the server counts them
        self.local = threading.local()  # a requests.Session a thread
        self.stop = threading.Event()  # one job has failed for good: the others give up waiting

    def check(self) -> None:
        """One line now, instead of a failure an hour later: is the server there, does it have the model?"""
        try:
            response = self.session().get(f"{self.base}/models", timeout=min(20.0, self.settings.timeout))
        except requests.RequestException as error:
            raise InputError(self.gone(error)) from None
        if response.status_code in (401, 403):
            raise InputError(self.no_key(response.status_code))
        try:
            names = [m["id"] for m in response.json()["data"]]
        except (ValueError, KeyError, TypeError):
            return  # a server without a list of models
        if names and self.settings.model not in names:
            raise InputError(
                f"teacher.model {self.settings.model}: the server at {self.base} has {', '.join(names[:5])}"
            )

    def complete(self, messages: list[dict], schema: dict, temperature: float) -> Completion:
        """One answer. Refused, TooLong: no answer to this prompt; InputError: no server."""
        body = {
            "model": self.settings.model,
            "messages": messages,
            "max_tokens": MAX_TOKENS,
            "temperature": temperature,
        }
        rung = self.rung
        while True:
            response = self.post(body | response_format(LADDER[rung], schema), hasty=rung not in self.proven)
            if response.status_code == 200:
                self.rung = max(self.rung, rung)
                self.proven.add(rung)
                return self.completion_of(response)
            last = rung + 1 == len(LADDER)
            if last or rung in self.proven or not refuses_format(response):
                break
            rung += 1
        if response.status_code < 500 and LENGTH_WORDS.search(error_text(response).lower()):
            raise TooLong("prompt too long for the model's context")
        raise Refused(normal(f"status {response.status_code}: {error_text(response)}"))

    def completion_of(self, response: requests.Response) -> Completion:
        try:
            answer = response.json()
            choice = answer["choices"][0]
            content = choice["message"]["content"]
            for name in self.tokens:
                self.tokens[name] += int((answer.get("usage") or {}).get(name) or 0)
            if isinstance(content, list):  # parts, as some servers send them
                content = "".join(part.get("text") or "" for part in content if part.get("type") == "text")
            cut_off = choice.get("finish_reason") == "length"
            written = int((answer.get("usage") or {}).get("completion_tokens") or MAX_TOKENS)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise Refused("not a chat completion") from error
        if cut_off and written < LEAST_ROOM:
            raise TooLong("prompt leaves no room in the model's context")
        return Completion(str(content or ""), cut_off)

    def post(self, body: dict, hasty: bool) -> requests.Response:
        """POST with retries: busy and failing servers, timeouts and dropped connections are met by waiting.

        hasty: a second 500 may be the format's fault: it is handed back at once.
        """
        attempt = 0
        while True:
            if self.stop.wait(self.pace.turn()):
                raise Refused("given up")
            response, trouble = self.try_once(body)
            if response is not None and response.status_code == 429:
                hope = self.pace.busy(retry_after(response))
                if self.stop.wait(retry_after(response) or 0.25 * (0.5 + random.random())) or not hope:
                    raise InputError(self.keeps_saying(429, f"for {PATIENCE:.0f} seconds"))
                continue
            if response is not None and not passing(response.status_code):
                self.pace.good()
                return response
            if hasty and attempt and response is not None and response.status_code == 500:
                return response
            pause = min(LONGEST_WAIT, 0.5 * 2**attempt) * (0.5 + random.random())
            pause = (retry_after(response) if response is not None else None) or pause
            if attempt == self.settings.retries or self.stop.wait(pause):
                return self.give_up(response, trouble)
            attempt += 1

    def try_once(self, body: dict) -> tuple[requests.Response | None, Exception | None]:
        try:
            response = self.session().post(f"{self.base}/chat/completions", json=body, timeout=self.settings.timeout)
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            return None, error
        if response.status_code in (401, 403):
            raise InputError(self.no_key(response.status_code))
        return response, None

    def give_up(self, response: requests.Response | None, trouble: Exception | None) -> requests.Response:
        """After all tries: the error that the server sends, or Refused where it fails at this prompt alone."""
        if response is not None:
            return response
        if trouble is not None and not self.reachable():
            raise InputError(self.gone(trouble)) from None
        raise Refused("no answer in time" if isinstance(trouble, requests.Timeout) else "connection dropped")

    def reachable(self) -> bool:
        try:
            return self.session().get(f"{self.base}/models", timeout=min(20.0, self.settings.timeout)) is not None
        except requests.RequestException:
            return False

    def session(self) -> requests.Session:
        if not hasattr(self.local, "session"):
            self.local.session = requests.Session()
            if self.key:
                self.local.session.headers["Authorization"] = f"Bearer {self.key}"
        return self.local.session

    # --- what to say ---

    def gone(self, error: Exception) -> str:
        what = "does not answer in time" if isinstance(error, requests.Timeout) else "cannot be reached"
        return (
            f"teacher.base_url {self.base} {what}; start the server (bash scripts/serve_teacher.sh) or set "
            "teacher.backend=rules, and run the same command again: it goes on where it stopped"
        )

    def no_key(self, status: int) -> str:
        state = "is not accepted" if self.key else "is not set"
        name = self.settings.api_key_env
        return f"teacher.base_url {self.base} answered {status}: the key in the environment variable {name} {state}"

    def keeps_saying(self, status: int, how_long: str) -> str:
        return (
            f"teacher: {self.base} keeps answering {status} {how_long}; run the same command again later: it goes on "
            "where it stopped"
        )


def response_format(rung: str, schema: dict) -> dict:
    if rung.startswith("json_schema"):
        schema = schema if rung == "json_schema" else without_lengths(schema)
        named = {"name": "answer", "schema": schema, "strict": True}
        return {"response_format": {"type": "json_schema", "json_schema": named}}
    return {"response_format": {"type": "json_object"}} if rung == "json_object" else {}


def without_lengths(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {key: without_lengths(value) for key, value in schema.items() if key not in LENGTHS}
    return [without_lengths(value) for value in schema] if isinstance(schema, list) else schema


def passing(status: int) -> bool:
    """Whether an error may be gone at the next try."""
    return status in (408, 409, 425) or (status >= 500 and status != 501)


def refuses_format(response: requests.Response) -> bool:
    """Whether a refusal may be about the response format and is not about, say, a prompt that is too long."""
    if response.status_code >= 500:
        return True  # llama.cpp answers 500 when it cannot make a grammar of a schema
    text = error_text(response).lower()
    asked = response.status_code in (400, 404, 415, 422)
    return asked and (not text or (bool(FORMAT_WORDS.search(text)) and not LENGTH_WORDS.search(text)))


def error_text(response: requests.Response) -> str:
    try:
        error = response.json()
        error = error.get("error", error)
        text = error.get("message", "") if isinstance(error, dict) else str(error)
    except (ValueError, AttributeError):
        text = response.text
    return " ".join(str(text).split())[:200]


def normal(reason: str) -> str:
    """A reason without the numbers and names that differ from one prompt to the next: 400 refusals are one reason."""
    reason = re.sub(r"\b(?=[0-9a-f-]*\d)[0-9a-f-]{8,}\b|(?:req|chatcmpl|cmpl)[-_]\w+", "ID", reason)
    status, colon, text = reason.partition(": ") if reason.startswith("status ") else ("", "", reason)
    return (status + colon + re.sub(r"\d[\d,.]*(?<!\.)", "N", text))[:120]


def retry_after(response: requests.Response) -> float | None:
    """Seconds that the server asks to wait: a number or a date."""
    value = response.headers.get("Retry-After", "")
    if re.fullmatch(r"\d+(\.\d+)?", value):
        return min(float(value), MOST_OBEYED)
    try:
        seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, TypeError):
        return None
    return min(max(0.0, seconds), MOST_OBEYED)
