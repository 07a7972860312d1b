"""The teacher and judge: one client, two backends.

    teacher = open_teacher(cfg, RulesTeacher(articles, cfg.sft.seed))
    for index, result in teacher.map("conversations", jobs): ...   # in the order in which answers come

`rules` (teacher/rules/) needs no model and no network. `openai` talks to any OpenAI-compatible server (server.py):
many requests in flight, JSON by schema where the server can and by parsing where it cannot, every usable answer kept
for good (kept.py). A job is the keyword arguments of the task: `conversations(article, count, max_turns)`,
`passage_tasks(passage, other, tasks, max_turns)` (openai alone: by rules they are made in passages.py),
`rate(question, article, reference, answers)` or `judge(question, article, reference, first, second)`.
"""

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, TypeVar

import orjson

from pipeline.config import Config, InputError, Teacher, resolve
from pipeline.files import read_jsonl
from pipeline.stage_output import shards
from teacher import prompts
from teacher.filters import MALFORMED
from teacher.kept import KeptAnswers, key_of
from teacher.reading import Task
from teacher.rules import judge
from teacher.rules.teacher import RulesTeacher
from teacher.server import Refused, Server, TooLong

MOST_ERRORS = 20  # jobs in a row without a usable answer: then something is wrong with more than these
SHORTENINGS = 4  # times that a text is cut down for a model that cannot read so much

Made = TypeVar("Made")


def open_teacher(cfg: Config, rules: RulesTeacher | None = None) -> "RulesBackend | OpenAIBackend":
    """The backend that teacher.backend names. rules: knows all articles of the run; who only judges needs none."""
    if cfg.teacher.backend == "rules":
        return RulesBackend(rules or RulesTeacher([], cfg.sft.seed))
    backend = OpenAIBackend(cfg.teacher, resolve(cfg.teacher.answers))
    backend.server.check()
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
    def __init__(self, teacher: RulesTeacher):
        self.teacher = teacher

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
    def __init__(self, settings: Teacher, answers: Path):
        """answers: the folder of the answers that are kept, a file a task."""
        self.settings, self.server, self.folder = settings, Server(settings), answers
        self.files: dict[str, KeptAnswers] = {}
        self.lock = threading.Lock()
        self.asked = 0  # requests that got a usable answer in this run; the others were kept ones

    # --- the tasks ---

    def conversations(self, article: dict, count: int, max_turns: int) -> list[dict]:
        """As the teacher wrote them; what is malformed has the kind 'malformed' and no messages."""
        schema = prompts.conversations_schema(count, max_turns)

        def ask(text: str) -> list[dict]:
            return prompts.conversations(article | {"text": text}, count, max_turns)

        return self.ask("conversations", ask, article["text"], schema, conversations_of, self.settings.temperature)

    def passage_tasks(self, passage: str, other: str, tasks: list[Task], max_turns: int) -> list[dict]:
        """Conversations about a passage, of kinds such as passage/title, with what the user shows in them as texts."""
        schema = prompts.passage_schema(tasks, max_turns)

        def ask(text: str) -> list[dict]:
            return prompts.passage_tasks(text, other, tasks, max_turns)

        made = self.ask("passage_tasks", ask, passage, schema, conversations_of, self.settings.temperature, whole=True)
        return [
            conversation
            if conversation["kind"] == MALFORMED
            else conversation
            | {
                "kind": f"passage/{conversation['kind']}",
                "texts": [passage, other] if conversation["kind"] == "compare" else [passage],
            }
            for conversation in made
        ]

    def rate(self, question: str, article: str, reference: str, answers: list[str]) -> list[float]:
        if not answers:
            return []

        def ask(text: str) -> list[dict]:
            return prompts.rating(question, text, reference, answers)

        schema = prompts.rating_schema(len(answers))
        return self.ask("rate", ask, article, schema, lambda text: ratings_of(text, len(answers)), 0.0)

    def judge(self, question: str, article: str, reference: str, first: str, second: str) -> tuple[str, str]:
        def ask(text: str) -> list[dict]:
            return prompts.verdict(question, text, reference, first, second)

        return self.ask("judge", ask, article, prompts.VERDICT_SCHEMA, verdict_of, 0.0)

    def ask(
        self,
        task: str,
        prompt: Callable[[str], list[dict]],
        text: str,
        schema: dict,
        parse: Callable[[str], Made],
        temperature: float,
        whole: bool = False,
    ) -> Made:
        """What the model answers to a prompt about a text, kept or asked now. Refused when it gives nothing usable.

        whole: the text is not shortened for a model that cannot read so much.
        """
        kept = self.kept(task)
        key = key_of(self.settings.model, temperature, prompt(text))
        known = kept.get(key)
        if known is not None:
            return parse(known)
        for _ in range(1 if whole else SHORTENINGS):
            try:
                answer = self.server.complete(prompt(text), schema, temperature)
                break
            except TooLong:
                text = shortened(text)
        else:
            raise TooLong("prompt too long for the model's context")
        try:
            made = parse(answer.text)
        except Refused as refused:
            raise Refused("cut off at max_tokens") if answer.cut_off else refused from None
        kept.put(key, answer.text)
        with self.lock:
            self.asked += 1
        return made

    def kept(self, task: str) -> KeptAnswers:
        with self.lock:
            if task not in self.files:
                self.files[task] = KeptAnswers(self.folder / f"{task}.jsonl")
            return self.files[task]

    # --- many jobs at a time ---

    def map(self, task: str, jobs: Iterable[dict]) -> Iterator[tuple[int, Any]]:
        """(index of the job, its result or a Refused), as they come; teacher.concurrency of them in flight.

        InputError when the server is gone for good, or gives nothing usable MOST_ERRORS times in a row: all answers
        until then are kept.
        """

        def work(job: dict) -> Any:
            try:
                return getattr(self, task)(**job)
            except Refused as refused:
                return refused

        todo = enumerate(jobs)
        waiting: dict[Future, int] = {}
        in_a_row: list[str] = []
        pool = ThreadPoolExecutor(self.settings.concurrency)
        try:
            while True:
                while len(waiting) < self.settings.concurrency and (job := next(todo, None)) is not None:
                    waiting[pool.submit(work, job[1])] = job[0]
                if not waiting:
                    return
                for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                    index, result = waiting.pop(future), future.result()
                    in_a_row = [*in_a_row, str(result)] if isinstance(result, Refused) else []
                    if len(in_a_row) == MOST_ERRORS:
                        raise InputError(self.nothing_usable(in_a_row))
                    yield index, result
        finally:
            self.server.stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            self.server.stop = threading.Event()

    def spent(self) -> str:
        """'asked 19,204 times, 22.1M prompt and 7.9M answer tokens'"""
        prompt, answer = self.server.tokens["prompt_tokens"], self.server.tokens["completion_tokens"]
        counted = f", {prompt:,} prompt and {answer:,} answer tokens" if prompt or answer else ""
        return f"{self.asked:,} answers asked for now{counted}; all are kept in {self.folder}"

    def nothing_usable(self, reasons: list[str]) -> str:
        counted = ", ".join(f"{reason} ({n})" for reason, n in Counter(reasons).most_common(3))
        return (
            f"teacher: no usable answer to {len(reasons)} requests in a row from {self.settings.model} at "
            f"{self.server.base}: {counted}; see to the server and run the same command again: it goes on where it "
            "stopped"
        )


def shortened(text: str) -> str:
    """A text without its last sections, at most half as long; of one section without its last paragraphs."""
    most = len(text) // 2
    for mark in ("\n## ", "\n", ". "):
        end = text.rfind(mark, 0, most)
        if end > most // 3:
            return text[: end + (mark == ". ")].rstrip()
    return text[:most]


# reading answers


def conversations_of(text: str) -> list[dict]:
    try:
        answer = parse_json(text)
        listed = answer["conversations"] if isinstance(answer, dict) else answer
    except (Refused, KeyError):
        listed = whole_objects(text)
    if not isinstance(listed, list):
        raise Refused("wrong JSON")
    made = [conversation_of(entry) for entry in listed]
    if all(c["kind"] == MALFORMED for c in made):
        raise Refused("wrong JSON")
    return made


def conversation_of(entry: Any) -> dict:
    """One conversation as our rows have it; one that is malformed costs itself alone."""
    try:
        turns = [(turn["question"], turn["answer"]) for turn in entry["turns"]]
        if not turns or not all(isinstance(said, str) for turn in turns for said in turn):
            raise TypeError
        messages = [
            {"role": role, "content": said.strip()} for turn in turns for role, said in zip(("user", "assistant"), turn)
        ]
        return {"kind": str(entry["kind"]), "messages": messages}
    except (KeyError, TypeError):
        return {"kind": MALFORMED, "messages": []}


def whole_objects(text: str) -> list[dict]:
    """The conversations that are whole in an answer that was cut off or is broken in one place."""
    found, decoder, at = [], json.JSONDecoder(), 0
    while (at := text.find("{", at)) >= 0:
        try:
            entry, end = decoder.raw_decode(text, at)
        except json.JSONDecodeError:
            at += 1
            continue
        if isinstance(entry, dict) and "turns" in entry:
            found.append(entry)
        at = end if isinstance(entry, dict) and "turns" in entry else at + 1
    if not found:
        raise Refused("wrong JSON")
    return found


def ratings_of(text: str, count: int) -> list[float]:
    """`count` ratings from 0 to 1, of scores from 0 to 10. Refused when the judge keeps to another scale."""
    try:
        scores = [float(item["score"]) for item in parse_json(text)["ratings"]]
    except (KeyError, TypeError, ValueError) as error:
        raise Refused("wrong JSON") from error
    if len(scores) != count:
        raise Refused("wrong number of ratings")
    if not all(0 <= score <= 10 for score in scores):
        raise Refused("ratings are not on the scale from 0 to 10")
    if max(scores) <= 1 and any(score != int(score) for score in scores):
        raise Refused("ratings are on a scale from 0 to 1, not from 0 to 10")
    return [score / 10 for score in scores]


def verdict_of(text: str) -> tuple[str, str]:
    answer = parse_json(text)
    if not isinstance(answer, dict) or answer.get("verdict") not in ("A", "B", "tie"):
        raise Refused("wrong JSON")
    return answer["verdict"], str(answer.get("reason", ""))


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
