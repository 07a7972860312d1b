"""A whole run of questions to the teacher, watched: yield, hours and dollars left; it stops before it is a waste.

answers = ask_for_conversations(cfg, articles)      # {article id: {"conversations": [...]} or {"refused": reason}}
preview(cfg, articles, 5)                           # the rows of five articles on the screen, before a paid run
"""

import time
from collections import Counter
from collections.abc import Iterator

from pipeline.budget import cost
from pipeline.config import Config, InputError
from pipeline.progress import Progress
from teacher.client import OpenAIBackend, Refused, open_teacher
from teacher.filters import problem

FIRST = 50  # articles after which a run that gives too little is stopped
LEAST_YIELD = 0.5  # share of these that must give at least one conversation
EXAMPLES = 3


class Watch:
    """What comes of the articles so far: conversations kept, dropped by reason, with examples; time and money left."""

    def __init__(self, total: int, price_per_hour: float):
        self.total, self.price_per_hour = total, price_per_hour
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
        return f"kept {self.kept / self.articles:.1f} an article{share}, {cost(seconds, self.price_per_hour)} left"

    def stop_if_barren(self) -> None:
        """After the first articles: InputError when most of them gave nothing that is kept."""
        if self.articles == FIRST < self.total and self.fruitful < LEAST_YIELD * FIRST:
            raise InputError(
                f"teacher: {self.articles - self.fruitful} of the first {self.articles} articles gave no conversation "
                f"that is kept: {self.reasons()}; examples: {' | '.join(self.examples)}; try another "
                "teacher.model (what was answered stays in teacher.answers)"
            )


def ask_for_conversations(cfg: Config, articles: list[dict]) -> dict:
    """Every article's conversations, unfiltered. What the openai teacher has answered before is not asked again."""
    teacher = open_teacher(cfg, articles)
    found: dict = {}
    watch = Watch(len(articles), cfg.train.price_per_hour)
    paid = isinstance(teacher, OpenAIBackend)
    with Progress("gen_sft_data", len(articles), "articles") as bar:
        for index, result in teacher.map("conversations", jobs(cfg, articles)):
            article = articles[index]
            refused = isinstance(result, Refused)
            found[article["id"]] = {"refused": str(result)} if refused else {"conversations": result}
            if paid:
                watch.saw(article, result, cfg.sft.max_turns)
                watch.stop_if_barren()
            bar.add(1, watch.note() if paid else "")
    if isinstance(teacher, OpenAIBackend):
        print(f"gen_sft_data: {teacher.spent()}")
    return found


def jobs(cfg: Config, articles: list[dict]) -> Iterator[dict]:
    for article in articles:
        yield {"article": article, "count": cfg.sft.conversations, "max_turns": cfg.sft.max_turns}


def preview(cfg: Config, articles: list[dict], count: int) -> None:
    """Print what the teacher makes of `count` articles, and which of it the filters drop."""
    chosen = articles[:: max(1, len(articles) // count)][:count]
    teacher = open_teacher(cfg, articles)
    for index, result in sorted(teacher.map("conversations", jobs(cfg, chosen)), key=lambda pair: pair[0]):
        print(f"\n== {chosen[index]['title']} ({len(chosen[index]['text'].split()):,} words)")
        if isinstance(result, Refused):
            print(f"   refused: {result}")
            continue
        for conversation in result:
            reason = problem(conversation, chosen[index], cfg.sft.max_turns)
            print(f"   {conversation['kind']}" + (f", DROPPED: {reason}" if reason else ""))
            for message in conversation["messages"]:
                print(f"     {'Q' if message['role'] == 'user' else 'A'}: {' '.join(message['content'].split())}")
