"""A whole run of questions to the teacher, watched: yield, hours and dollars left; it stops before it is a waste.

answers = ask_for_conversations(cfg, articles)      # {article id: {"conversations": [...]} or {"refused": reason}}
preview(cfg, articles, 5)                           # the rows of five articles on the screen, before a paid run
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator

from pipeline.budget import cost
from pipeline.config import Config, InputError
from pipeline.progress import Progress
from teacher import reading
from teacher.client import OpenAIBackend, Refused, open_teacher
from teacher.filters import problem
from teacher.rules.english import begins_with_vowel
from teacher.rules.teacher import RulesTeacher

FIRST = 50  # articles, or passages, after which a run that gives too little is stopped
LEAST_YIELD = 0.5  # share of these that must give at least one conversation
EXAMPLES = 3
NOUNS = {"conversations": "articles", "passage_tasks": "passages"}  # what a job of each task is about


class Watch:
    """What comes of the articles, or of their passages, so far: conversations kept, dropped by reason, with examples;
    time and money left."""

    def __init__(self, total: int, price_per_hour: float, noun: str = "articles"):
        self.total, self.price_per_hour, self.noun = total, price_per_hour, noun
        self.articles = self.fruitful = self.kept = 0
        self.dropped: Counter = Counter()
        self.examples: list[str] = []
        self.began = time.monotonic()

    def saw(self, article: dict, result: list[dict] | Refused, max_turns: int) -> None:
        self.articles += 1
        if isinstance(result, Refused):
            self.drop(article, "", f"teacher: {result}")
            return
        reasons = [problem(conversation, article, max_turns) for conversation in result]
        self.kept += reasons.count(None)
        self.fruitful += None in reasons
        for conversation, reason in zip(result, reasons):
            if reason:
                said = " / ".join(message["content"] for message in conversation["messages"])
                self.drop(article, said, reason)

    def drop(self, article: dict, said: str, reason: str) -> None:
        self.dropped[reason] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(
                f"{article['title']}: {reason}" + (f": {' '.join(said.split())[:160]}" if said else "")
            )

    def reasons(self) -> str:
        return ", ".join(f"{reason} ({n})" for reason, n in self.dropped.most_common(5)) or "no conversations at all"

    def note(self) -> str:
        """'kept 2.4 an article (81 %), 1h05m, $0.43 left'"""
        made = self.kept + sum(self.dropped.values())
        seconds = (time.monotonic() - self.began) / max(self.articles, 1) * (self.total - self.articles)
        share = f" ({self.kept / made:.0%})" if made else ""
        one = f"{'an' if begins_with_vowel(self.noun) else 'a'} {self.noun.removesuffix('s')}"
        return f"kept {self.kept / self.articles:.1f} {one}{share}, {cost(seconds, self.price_per_hour)} left"

    def stop_if_barren(self) -> None:
        """After the first articles: InputError when most of them gave nothing that is kept."""
        if self.articles == FIRST < self.total and self.fruitful < LEAST_YIELD * FIRST:
            raise InputError(
                f"teacher: {self.articles - self.fruitful} of the first {self.articles} {self.noun} gave no "
                f"conversation that is kept: {self.reasons()}; examples: {' | '.join(self.examples)}; try another "
                "teacher.model (what was answered stays in teacher.answers)"
            )


def ask_for_conversations(cfg: Config, articles: list[dict], rules: RulesTeacher) -> dict:
    """{article id: {"conversations": [...], "refused": [reasons]}}, unfiltered: from memory, and of the openai teacher
    about the article's passages too. What it has answered before is not asked again.

    rules: the teacher that answers where teacher.backend is rules
    """
    teacher = open_teacher(cfg, rules)
    found: dict = {article["id"]: {"conversations": [], "refused": []} for article in articles}
    paid = isinstance(teacher, OpenAIBackend)
    work: dict[str, tuple[list[dict], Iterable[dict]]] = {"conversations": (articles, jobs(cfg, articles))}
    if paid and cfg.sft.passages:
        work["passage_tasks"] = about_passages(cfg, articles)
    for task, (owners, todo) in work.items():
        watch = Watch(len(owners), cfg.train.price_per_hour, NOUNS[task])
        results: dict[int, list[dict] | Refused] = {}
        with Progress("gen_sft_data", len(owners), NOUNS[task]) as bar:
            for index, result in teacher.map(task, todo):
                results[index] = result
                if paid:
                    watch.saw(owners[index], result, cfg.sft.max_turns)
                    watch.stop_if_barren()
                bar.add(1, watch.note() if paid else "")
        for index, result in sorted(results.items()):  # in the order of the articles, however they came
            answer = found[owners[index]["id"]]
            if isinstance(result, Refused):
                answer["refused"].append(str(result))
            else:
                answer["conversations"] += result
    if isinstance(teacher, OpenAIBackend):
        print(f"gen_sft_data: {teacher.spent()}")
    return found


def jobs(cfg: Config, articles: list[dict]) -> Iterator[dict]:
    for article in articles:
        yield {"article": article, "count": cfg.sft.conversations, "max_turns": cfg.sft.max_turns}


def about_passages(cfg: Config, articles: list[dict]) -> tuple[list[dict], list[dict]]:
    """-> (the article of each job, jobs): a job a passage, sft.conversations tasks each."""
    owners, found = [], []
    for article, passage in ((a, p) for a in articles for p in a.get("passages", [])):
        text, other = passage["text"], passage["other"]
        drawn = reading.tasks(text, other, cfg.sft.conversations, cfg.sft.seed, article["id"], text)
        compared = any(task.kind == "compare" for task in drawn)
        owners.append(article)
        found.append(
            {"passage": text, "other": other if compared else "", "tasks": drawn, "max_turns": cfg.sft.max_turns}
        )
    return owners, found


def preview(cfg: Config, articles: list[dict], count: int) -> None:
    """Print what the teacher makes of `count` articles, and which of it the filters drop."""
    chosen = articles[:: max(1, len(articles) // count)][:count]
    teacher = open_teacher(cfg, RulesTeacher(articles, cfg.sft.seed))
    for index, result in sorted(teacher.map("conversations", jobs(cfg, chosen)), key=lambda pair: pair[0]):
        show(f"{chosen[index]['title']} ({len(chosen[index]['text'].split()):,} words)", result, chosen[index], cfg)
    if isinstance(teacher, OpenAIBackend):
        owners, passage_jobs = about_passages(cfg, chosen)
        for index, result in sorted(teacher.map("passage_tasks", passage_jobs), key=lambda pair: pair[0]):
            text = passage_jobs[index]["passage"]
            show(f"{owners[index]['title']}, a passage of {len(text.split())} words", result, owners[index], cfg)
            print(f"     {' '.join(text.split())[:400]}")


def show(head: str, result: list[dict] | Refused, article: dict, cfg: Config) -> None:
    print(f"\n== {head}")
    if isinstance(result, Refused):
        print(f"   refused: {result}")
        return
    for conversation in result:
        reason = problem(conversation, article, cfg.sft.max_turns)
        print(f"   {conversation['kind']}" + (f", DROPPED: {reason}" if reason else ""))
        for message in conversation["messages"]:
            print(f"     {'Q' if message['role'] == 'user' else 'A'}: {' '.join(message['content'].split())}")
