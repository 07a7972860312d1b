"""The teacher and judge: one client, two backends.

    teacher = open_teacher(cfg, articles)
    for index, result in teacher.map("conversations", jobs): ...   # in the order in which answers come

`rules` (teacher/rules/) needs no model and no network. `openai` talks to any OpenAI-compatible server: many
requests in flight, retries with backoff, JSON by schema where the server can and by parsing where it cannot.
A job is the keyword arguments of the task: `conversations(article, count, max_turns)`,
`rate(question, article, reference, answers)` or `judge(question, article, reference, first, second)`.
"""

import email.utils
import os
import random
import re
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Any

import orjson
import requests

from pipeline.config import Config, InputError, Teacher, resolve
from pipeline.files import read_jsonl
from pipeline.stage_output import shards
from teacher import prompts
from teacher.rules import judge
from teacher.rules.teacher import RulesTeacher

LADDER = ("json_schema", "json_object", "text")  # how an answer in JSON is asked for, best first
LONGEST_WAIT = 60.0  # seconds between two tries, unless the server asks for more
MOST_OBEYED = 600.0  # that much more


class Refused(Exception):
    """The teacher gave no usable answer to one job; the message is the reason, counted in the manifest."""


def open_teacher(cfg: Config, articles: Iterable[dict] = ()):
    """The backend that teacher.backend names. articles: all of the run, which the rules draw wrong guesses from."""
    if cfg.teacher.backend == "rules":
        return RulesBackend(articles, cfg.sft.seed)
    backend = OpenAIBackend(cfg.teacher)
    backend.check()
    return backend


def references(cfg: Config, ids: set) -> dict:
    """{id: text} of articles, cut to sft.max_article_chars: what a teacher model judges by. The rules need none."""
    if cfg.teacher.backend == "rules":
        return {}
    files = shards(resolve(cfg.data.deduped_dir), "dedup")
    return {
        a["id"]: a["text"][: cfg.sft.max_article_chars] for file in files for a in read_jsonl(file) if a["id"] in ids
    }


class RulesBackend:
    def __init__(self, articles: Iterable[dict], seed: int):
        self.teacher = RulesTeacher(articles, seed)

    def map(self, task: str, jobs: Iterable[dict]) -> Iterator[tuple[int, Any]]:
        for index, job in enumerate(jobs):
            yield index, getattr(self, task)(**job)

    def conversations(self, article: dict, count: int, max_turns: int) -> list[dict]:
        return self.teacher.conversations(article, count, max_turns)

    def rate(self, question: str, article: str, reference: str, answers: list[str]) -> list[float]:
        return [judge.score(question, reference, answer) for answer in answers]

    def judge(self, question: str, article: str, reference: str, first: str, second: str) -> tuple[str, str]:
        return judge.compare(question, reference, first, second), "compared with the reference"


class OpenAIBackend:
    def __init__(self, settings: Teacher):
        self.settings, self.base = settings, settings.base_url.rstrip("/")
        self.key = os.environ.get(settings.api_key_env, "")
        self.rung = 0  # of LADDER; goes down once for all when the server refuses
        self.local = threading.local()  # a requests.Session a thread
        self.stop = threading.Event()  # one job has failed for good: the others give up waiting

    # --- the tasks ---

    def conversations(self, article: dict, count: int, max_turns: int) -> list[dict]:
        answer = self.ask(prompts.conversations(article, count, max_turns), prompts.CONVERSATIONS_SCHEMA)
        try:
            return [
                {
                    "kind": str(c["kind"]),
                    "messages": [
                        {"role": role, "content": str(turn[field]).strip()}
                        for turn in c["turns"]
                        for role, field in (("user", "question"), ("assistant", "answer"))
                    ],
                }
                for c in answer["conversations"]
            ]
        except (KeyError, TypeError) as error:
            raise Refused("wrong JSON") from error

    def rate(self, question: str, article: str, reference: str, answers: list[str]) -> list[float]:
        answer = self.ask(prompts.rating(question, article, reference, answers), prompts.RATING_SCHEMA)
        try:
            scores = [float(item["score"]) / 10 for item in answer["ratings"]]
        except (KeyError, TypeError, ValueError) as error:
            raise Refused("wrong JSON") from error
        if len(scores) != len(answers):
            raise Refused("wrong number of ratings")
        return scores

    def judge(self, question: str, article: str, reference: str, first: str, second: str) -> tuple[str, str]:
        answer = self.ask(
            prompts.verdict(question, article, reference, first, second), prompts.VERDICT_SCHEMA, temperature=0.0
        )
        if not isinstance(answer, dict) or answer.get("verdict") not in ("A", "B", "tie"):
            raise Refused("wrong JSON")
        return answer["verdict"], str(answer.get("reason", ""))

    # --- many jobs at a time ---

    def map(self, task: str, jobs: Iterable[dict]) -> Iterator[tuple[int, Any]]:
        """(index of the job, its result or a Refused), as they come; teacher.concurrency of them in flight.

        InputError when the server is gone for good: what was yielded before is safe.
        """

        def work(job: dict):
            try:
                return getattr(self, task)(**job)
            except Refused as refused:
                return refused

        jobs, waiting = enumerate(jobs), {}
        pool = ThreadPoolExecutor(self.settings.concurrency)
        try:
            while True:
                while len(waiting) < self.settings.concurrency and (job := next(jobs, None)) is not None:
                    waiting[pool.submit(work, job[1])] = job[0]
                if not waiting:
                    return
                for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                    yield waiting.pop(future), future.result()
        finally:
            self.stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            self.stop = threading.Event()

    # --- one request ---

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

    def gone(self, error: Exception) -> str:
        what = "does not answer in time" if isinstance(error, requests.Timeout) else "cannot be reached"
        return (
            f"teacher.base_url {self.base} {what}; start the server (bash scripts/serve_teacher.sh) or set teacher.backend=rules, "
            "and run the same command again: it goes on where it stopped"
        )

    def no_key(self, status: int) -> str:
        state = "is not accepted" if self.key else "is not set"
        return f"teacher.base_url {self.base} answered {status}: the key in the environment variable {self.settings.api_key_env} {state}"

    def session(self) -> requests.Session:
        if not hasattr(self.local, "session"):
            self.local.session = requests.Session()
            if self.key:
                self.local.session.headers["Authorization"] = f"Bearer {self.key}"
        return self.local.session

    def ask(self, messages: list[dict], schema: dict, temperature: float | None = None) -> Any:
        """The answer to one prompt, parsed from JSON. Refused: no usable answer; InputError: no server."""
        body = {
            "model": self.settings.model,
            "messages": messages,
            "max_tokens": prompts.MAX_TOKENS,
            "temperature": self.settings.temperature if temperature is None else temperature,
        }
        while True:
            rung = self.rung
            response = self.post(body | response_format(LADDER[rung], schema))
            if (
                response.status_code in (400, 404, 415, 422, 501)
                and rung + 1 < len(LADDER)
                and refuses_format(response, rung)
            ):
                self.rung = max(self.rung, rung + 1)
                continue
            break
        if response.status_code != 200:
            raise Refused(f"status {response.status_code}: {error_text(response)}")
        try:
            choice = response.json()["choices"][0]
            text = choice["message"]["content"] or ""
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise Refused("not a chat completion") from error
        if choice.get("finish_reason") == "length":
            raise Refused("cut off at max_tokens")
        return parse_json(text)

    def post(self, body: dict) -> requests.Response:
        """POST with retries: busy and failing servers, timeouts and dropped connections are met by waiting."""
        for attempt in range(self.settings.retries + 1):
            problem, pause = None, min(LONGEST_WAIT, 0.5 * 2**attempt) * (0.5 + random.random())
            try:
                response = self.session().post(
                    f"{self.base}/chat/completions", json=body, timeout=self.settings.timeout
                )
                if response.status_code in (401, 403):
                    raise InputError(self.no_key(response.status_code))
                if (
                    response.status_code not in (408, 409, 425, 429)
                    and response.status_code < 500
                    or response.status_code == 501
                ):
                    return response
                problem = f"{self.base} keeps answering {response.status_code}"
                pause = retry_after(response) or pause
            except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
                problem = error
            if attempt == self.settings.retries or self.stop.wait(pause):
                break
        if isinstance(problem, Exception):
            raise InputError(self.gone(problem)) from None
        raise InputError(
            f"teacher: {problem}, after {self.settings.retries + 1} tries; run the same command again later: it goes on where it stopped"
        )


def response_format(rung: str, schema: dict) -> dict:
    if rung == "json_schema":
        return {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": schema, "strict": True},
            }
        }
    return {"response_format": {"type": "json_object"}} if rung == "json_object" else {}


def refuses_format(response: requests.Response, rung: int) -> bool:
    """Whether a refusal is about the response format and not about, say, a prompt that is too long."""
    text = error_text(response).lower()
    return (
        any(
            word in text
            for word in (
                "response_format",
                "json_schema",
                "json_object",
                "schema",
                "guided",
                "grammar",
                "structured",
                "extra",
                "unknown",
            )
        )
        or not text
    )


def error_text(response: requests.Response) -> str:
    try:
        error = response.json()
        error = error.get("error", error)
        text = error.get("message", "") if isinstance(error, dict) else str(error)
    except (ValueError, AttributeError):
        text = response.text
    return " ".join(str(text).split())[:200]


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


def parse_json(text: str) -> Any:
    """JSON from an answer: plain, in a code fence, or with words around it. Refused when there is none."""
    text = re.sub(r"<think>.*?</think>", "", text, flags=re.DOTALL).strip()
    fenced = re.search(r"```(?:json)?\s*(.*?)```", text, re.DOTALL)
    for candidate in (text, fenced[1] if fenced else "", text[text.find("{") : text.rfind("}") + 1]):
        try:
            return orjson.loads(candidate)
        except orjson.JSONDecodeError:
            continue
    raise Refused("wrong JSON")
