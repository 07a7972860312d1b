"""Make conversations to fine-tune on: from the articles, with a teacher model or by rules, and company for both.

data/clean/deduped/*.jsonl -> data/sft/{train,val,pref}.jsonl: {"messages": [...], "article_id": 12, "kind": "fact"}
    python src/gen_sft_data.py
    python src/gen_sft_data.py --config configs/demo.yaml sft.articles=50

The teacher asks what an article tells (memory); a teacher model also gives tasks about passages of it (passage). By
rules come more tasks with a text in the question, false premises and things that nobody can know (limits), and
greetings, thanks, who are you (company), in the shares of sft.mix; then a share of what users say is typed as people
type (sft.typing). Killed or cut off, the same command goes
on with the articles that the teacher has not answered yet: answers are kept under teacher.answers. Train and val share
no article. --preview 5 shows what the teacher makes of five articles.
"""

import argparse
import hashlib
import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from gpt import chat
from gpt.tokenizer import Tokenizer
from pipeline.cli import stage_main
from pipeline.config import Config, InputError, resolve
from pipeline.draws import hash64
from pipeline.files import dump_line, read_jsonl, write_bytes
from pipeline.stage_output import SingleFiles, shards, top
from teacher.as_typed import LETTERS, WAYS, as_typed
from teacher.asking import ask_for_conversations, preview
from teacher.company import company
from teacher.filters import problem
from teacher.limits import Limits
from teacher.passages import QUESTION_FIRST, passages
from teacher.persona import load_persona
from teacher.rules.english import one_line
from teacher.rules.teacher import RulesTeacher
from teacher.sections import draw

TRIES = 3  # conversations drawn at most for one that is wanted: short ones, such as greetings, come twice


def main(cfg: Config, args: argparse.Namespace | None = None) -> None:
    deduped = resolve(cfg.data.deduped_dir)
    train, val = resolve(cfg.sft.train_file), resolve(cfg.sft.val_file)
    files, persona, tokenizer = shards(deduped, "dedup"), load_persona(cfg), Tokenizer(resolve(cfg.tokenizer.path))
    if args and args.preview:
        return preview(cfg, choose_articles(files, cfg, tokenizer), args.preview)
    settings, manifest = what_matters(cfg) | {"persona": persona}, train.parent / "manifest.json"
    inputs: dict[str, Path | str] = {deduped.name: deduped, "tokenizer": tokenizer.sha256}
    with SingleFiles(manifest, "gen_sft_data", settings, inputs, ("requests",), cfg.again, refused) as out:
        if out.up_to_date:
            return
        articles = choose_articles(files, cfg, tokenizer)
        lines, counts = assemble(articles, ask_for_conversations(cfg, articles), cfg, persona, tokenizer)
        out.begin()
        held = resolve(cfg.pref.prompts_file)
        for path, part in ((train, "train"), (val, "val"), (held, "pref")):
            write_bytes(path, b"".join(lines[part]))
        out.finish([train, val, held], counts)
    kept, dropped = counts["conversations"], sum(counts["dropped"].values())
    print(
        f"gen_sft_data: {len(articles):,} articles, {kept['train']:,} conversations for training, "
        f"{kept['val']:,} for validation, {kept['pref']:,} kept for preferences, {dropped:,} dropped "
        f"({', '.join(f'{reason}: {n:,}' for reason, n in top(counts['dropped'], 5).items()) or 'none'})"
    )


def refused(manifest: dict) -> str:
    """Articles and passages that the teacher gave no answer for, in words."""
    number = manifest["counts"]["refused"]
    return f"{number:,} articles or passages, which are asked again" if number else ""


def what_matters(cfg: Config) -> dict:
    """The settings that the output depends on; how a server is reached is not among them."""
    sft, teacher = cfg.sft, cfg.teacher
    settings = {
        name: getattr(sft, name)
        for name in (
            "articles",
            "conversations",
            "max_article_chars",
            "max_turns",
            "val_fraction",
            "mix",
            "typing",
            "seed",
        )
    }
    settings |= {"backend": teacher.backend, "block_size": cfg.model.block_size, "held_out": cfg.pref.held_out}
    if teacher.backend == "openai":
        settings |= {"model": teacher.model, "temperature": teacher.temperature, "passages": sft.passages}
    return settings


def choose_articles(files: list[Path], cfg: Config, tokenizer: Tokenizer) -> list[dict]:
    """sft.articles of them, chosen by a hash of the id, in the order of the files; each cut at a paragraph's end, and
    of the whole of it the passages that the openai teacher gives tasks about."""
    chosen: list = []  # a heap of (-hash, place, article): the largest hash leaves first
    for place, article in enumerate(record for file in files for record in read_jsonl(file)):
        entry = (-hash64(cfg.sft.seed, "article", article["id"]), place)
        if len(chosen) < cfg.sft.articles:
            heapq.heappush(chosen, (*entry, article))
        elif entry > chosen[0][:2]:
            heapq.heapreplace(chosen, (*entry, article))
    if not chosen:
        raise InputError(f"{resolve(cfg.data.deduped_dir)}: holds no articles")
    fits, sft = fits_beside_a_question(cfg, tokenizer), cfg.sft
    found = []
    for _, _, article in sorted(chosen, key=lambda entry: entry[1]):
        about = shown(article, sft.max_article_chars)
        if cfg.teacher.backend == "openai":
            about["passages"] = draw(article, sft.passages, fits, sft.seed)
        found.append(about)
    return found


def fits_beside_a_question(cfg: Config, tokenizer: Tokenizer) -> Callable[[str], bool]:
    """Whether a text takes at most half of the context."""
    return lambda text: len(tokenizer.encode(text)) <= cfg.model.block_size // 2


def shown(article: dict, most: int) -> dict:
    """What the teacher sees of an article when it asks what it tells: its first paragraphs."""
    text = article["text"]
    if len(text) > most:
        end = text.rfind("\n", 0, most)
        text = text[:end] if end > most // 2 else text[: text.rfind(". ", 0, most) + 1] or text[:most]
    return {"id": article["id"], "title": article["title"], "text": text}


class Rows:
    """The lines of train.jsonl, val.jsonl and pref.jsonl as they grow, no duplicates, and what is counted of them."""

    def __init__(self, cfg: Config, persona: dict):
        self.cfg, self.persona = cfg, persona
        self.lines: dict[str, list[bytes]] = {"train": [], "val": [], "pref": []}
        self.dropped, self.kinds, self.turns, self.typed = (
            Counter[str](),
            Counter[str](),
            Counter[str](),
            Counter[str](),
        )
        self.said: set[bytes] = set()  # whole conversations
        self.asked: set[bytes] = set()  # first questions of train
        self.families: dict[str, Counter[str]] = {"train": Counter(), "val": Counter()}  # kept, by where they are from

    def add(self, part: str, conversation: dict, reason: str | None = None) -> bool:
        """Whether the conversation is kept. reason: why it is not fit."""
        whole, first = hashes(conversation)
        if reason is None and whole in self.said:
            reason = "duplicate"
        if reason is None and part == "val" and first in self.asked:
            reason = "asked in train too"
        if reason:
            self.dropped[reason] += 1
            return False
        self.said.add(whole)
        self.families[part][family_of(conversation["kind"])] += 1
        if part == "train":
            self.asked.add(first)
            part = "pref" if held_out(conversation, first, self.cfg) else part
        self.kinds[conversation["kind"]] += 1
        self.turns[str(len(conversation["messages"]) // 2)] += 1
        row = as_people_type(conversation, self.cfg, self.persona, self.typed, part, len(self.lines[part]))
        self.lines[part].append(dump_line(row))
        return True


def assemble(
    articles: list[dict], answers: dict, cfg: Config, persona: dict, tokenizer: Tokenizer
) -> tuple[dict[str, list[bytes]], dict]:
    """-> ({"train": lines, "val", "pref"}, counts): filtered, no duplicates, by article; then what by_rules() gives."""
    val_ids = choose_val(
        [a for a in articles if answers[a["id"]]["conversations"] or not answers[a["id"]]["refused"]], cfg
    )
    parts = {
        "train": [a for a in articles if a["id"] not in val_ids],
        "val": [a for a in articles if a["id"] in val_ids],
    }
    rules, rows = RulesTeacher(articles, cfg.sft.seed), Rows(cfg, persona)
    for part, own in parts.items():
        for article in own:
            rows.dropped.update(f"teacher: {reason}" for reason in answers[article["id"]]["refused"])
            for conversation in answers[article["id"]]["conversations"]:
                reason = problem(conversation, article, cfg.sft.max_turns)
                rows.add(part, with_passage(conversation, article, cfg), reason)
        taught = rows.families[part]["memory"]
        for family, source in by_rules(own, rules, cfg, persona, tokenizer, part).items():
            wanted = round(taught * share(cfg, family) / share(cfg, "memory"))
            kept = rows.families[part][family]  # those of the teacher
            for conversation in itertools.islice(source, TRIES * max(0, wanted - kept)):
                if kept >= wanted:
                    break
                kept += rows.add(part, conversation)
    if not rows.lines["train"]:
        raise InputError(
            f"gen_sft_data: no conversation is left after the filters ({dict(rows.dropped)}); try more sft.articles"
        )
    counts = {
        "articles": {part: len(own) for part, own in parts.items()},
        "refused": sum(len(answer["refused"]) for answer in answers.values()),
        "conversations": {part: len(lines) for part, lines in rows.lines.items()},
        "kinds": top(rows.kinds, 80),
        "turns": top(rows.turns, 20),
        "typed": top(rows.typed, 20),
        "dropped": top(rows.dropped, 50),
    }
    return rows.lines, counts


def with_passage(conversation: dict, article: dict, cfg: Config) -> dict:
    """What the teacher made of an article, as a conversation of ours; what the user shows stands before or behind the
    question."""
    made = {**conversation, "article_id": article["id"]}
    if conversation.get("texts"):
        passage, said = "\n\n".join(conversation["texts"]), conversation["messages"][0]["content"]
        first = hash64(cfg.sft.seed, "question first", said, passage) / 2**64 < QUESTION_FIRST
        made |= {"passage": passage, "question_first": first}
    return made


def family_of(kind: str) -> str:
    """company/thanks is of the family company; a kind without a family is from memory."""
    family, slash, _ = kind.partition("/")
    return family if slash else "memory"


def share(cfg: Config, family: str) -> float:
    return next((value for name, value in cfg.sft.mix.items() if name == family), 0.0)


def by_rules(
    articles: list[dict], rules: RulesTeacher, cfg: Config, persona: dict, tokenizer: Tokenizer, part: str
) -> dict[str, Iterator[dict]]:
    """{family of sft.mix: its conversations without end}: what needs no teacher."""

    key = (cfg.sft.seed, part)
    return {
        "passage": passages(articles, rules.kinds, fits_beside_a_question(cfg, tokenizer), *key),
        "limits": Limits(rules, articles, persona, *key).conversations(),
        "company": company(persona, *key),
    }


def as_people_type(conversation: dict, cfg: Config, persona: dict, typed: Counter, *key) -> dict:
    """A conversation's row: a share of the user's turns typed as people type, the passage beside the question."""
    messages, passage = [dict(m) for m in conversation["messages"]], conversation.get("passage")
    around = passage is None and not conversation["kind"].startswith("company")
    for place, message in enumerate(messages[::2]):
        ways = tuple(WAYS) if around else LETTERS
        message["content"], used = as_typed(
            message["content"], cfg.sft.typing, persona, cfg.sft.seed, *key, place, ways=ways
        )
        typed.update(used)
    if passage is not None:
        messages[0]["content"] = chat.with_passage(passage, messages[0]["content"], conversation["question_first"])
    return {"messages": messages, "article_id": conversation["article_id"], "kind": conversation["kind"]}


def choose_val(articles: list[dict], cfg: Config) -> set:
    """The ids of sft.val_fraction of the articles, at least one when there are two or more."""
    ranked = sorted((hash64(cfg.sft.seed, "val", a["id"]), a["id"]) for a in articles)
    count = max(1, round(len(articles) * cfg.sft.val_fraction)) if len(articles) > 1 else 0
    return {article_id for _, article_id in ranked[:count]}


def held_out(conversation: dict, first: bytes, cfg: Config) -> bool:
    """Whether a conversation is for preferences: all with one first question go the same way; company is for SFT."""
    place = hash64(cfg.sft.seed, "pref", first.hex()) / 2**64
    return place < cfg.pref.held_out and not conversation["kind"].startswith("company")


def hashes(conversation: dict) -> tuple[bytes, bytes]:
    """-> (of all that is said in a conversation, of its first question and passage); case and spaces don't count"""
    texts = [conversation.get("passage", ""), *(m["content"] for m in conversation.get("messages", []))]
    texts = [one_line(text).lower() for text in texts]
    return hash_of(texts), hash_of(texts[:2])


def hash_of(texts: list[str]) -> bytes:
    return hashlib.sha256("\n".join(texts).encode()).digest()


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--preview", type=int, default=0, metavar="N", help="show the rows of N articles, write nothing"
    )


if __name__ == "__main__":
    stage_main(main, __doc__, ("data", "sft", "teacher"), arguments)
