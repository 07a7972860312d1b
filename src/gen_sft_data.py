"""Make conversations to fine-tune on: from the articles, with a teacher model or by rules, and company for both.

data/clean/deduped/*.jsonl -> data/sft/{train,val,pref}.jsonl: {"messages": [...], "article_id": 12, "kind": "fact"}
    python src/gen_sft_data.py
    python src/gen_sft_data.py --config configs/demo.yaml sft.articles=50

The teacher asks what an article tells (memory); a teacher model also gives tasks about passages of it (passage). By
rules come more tasks with a text in the question, false premises and things that nobody can know (limits), and
greetings, thanks, who are you (company), in the shares of sft.mix; near duplicates are left out, and what shares
thirteen words in a row with an examination (sft.keep_out); then a share of what users say is typed as people type
(sft.typing). Killed or cut off, the same command goes
on with the articles that the teacher has not answered yet: answers are kept under teacher.answers. Train and val share
no article. --preview 5 shows what the teacher makes of five articles.
"""

import pipeline.ctrl_c  # first, for as long as the others take

import argparse
import hashlib
import heapq
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from gpt import chat
from gpt.tokenizer import Tokenizer
from pipeline.cli import stage_main
from pipeline.config import Config, InputError, resolve
from pipeline.draws import hash64
from pipeline.files import dump_line, read_jsonl, write_bytes
from pipeline.progress import Progress
from pipeline.stage_output import SingleFiles, shards, top
from teacher.as_typed import LETTERS, WAYS, as_typed
from teacher.asking import ask_for_conversations, preview
from teacher.company import company
from teacher.filters import problem
from teacher.limits import Limits
from teacher.passages import QUESTION_FIRST, passages
from teacher.persona import load_persona
from teacher.rules.english import names_in, numbers_in, one_line
from teacher.rules.teacher import RulesTeacher
from teacher.sections import draw
from wikipedia.overlap import NearDuplicates, SharedRuns

RUN = 13  # words in a row that a conversation may not share with an examination, or a question of val with train
LEAST_RUN = 4  # words of a whole question of an examination: nobody can leave out all that begins with 'Hello'
ALIKE = 0.8  # Jaccard similarity of the word pairs of two questions about one article, names and numbers equal
# Share of what no article answers that is asked as a search without result shows it, so that a model believes it
UNFOUND = {"limits/nonsense": 0.4, "limits/after": 0.4, "limits/unanswerable": 0.4, "company": 0.15}
TRIES = 3  # conversations drawn at most for one that is wanted: some are duplicates or stand in an examination


def main(cfg: Config, args: argparse.Namespace | None = None) -> None:
    deduped = resolve(cfg.data.deduped_dir)
    train, val = resolve(cfg.sft.train_file), resolve(cfg.sft.val_file)
    files, persona, tokenizer = shards(deduped, "dedup"), load_persona(cfg), Tokenizer(resolve(cfg.tokenizer.path))
    if args and args.preview:
        return preview(cfg, choose_articles(files, cfg, tokenizer), args.preview)
    settings, manifest = what_matters(cfg) | {"persona": persona}, train.parent / "manifest.json"
    inputs: dict[str, Path | str] = {deduped.name: deduped, "tokenizer": tokenizer.sha256}
    inputs |= {name: resolve(name) for name in cfg.sft.keep_out}
    examination = questions_of(cfg.sft.keep_out)
    with SingleFiles(manifest, "gen_sft_data", settings, inputs, ("requests",), cfg.again, refused) as out:
        if out.up_to_date:
            return
        articles = choose_articles(files, cfg, tokenizer)
        rows = Rows(cfg, persona, examination)
        rules = RulesTeacher(articles, cfg.sft.seed)
        counts = assemble(articles, ask_for_conversations(cfg, articles, rules), cfg, rows, rules, tokenizer)
        out.begin()
        held = resolve(cfg.pref.prompts_file)
        for path, part in ((train, "train"), (val, "val"), (held, "pref")):
            write_bytes(path, b"".join(rows.lines[part]))
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


def questions_of(files: Sequence[str]) -> list[str]:
    """What an examination asks: of a JSONL file all texts in it, of another one its lines, without a mark such as '> '
    before them and an answer behind ' | '."""
    found: list[str] = []
    for name in files:
        path = resolve(name)
        if not path.exists():
            raise InputError(f"sft.keep_out: {path}: not there")
        if path.suffix == ".jsonl":
            found += [text for record in read_jsonl(path) for text in texts_in(record)]
        else:
            lines = path.read_text(encoding="utf-8").splitlines()
            found += [re.sub(r"^\W+ ", "", line).partition(" | ")[0] for line in lines if line[:1] not in "#="]
    return found


def texts_in(value: Any) -> Iterator[str]:
    """All strings in what JSON may hold."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts_in(part)


class Rows:
    """The lines of train.jsonl, val.jsonl and pref.jsonl as they grow, no duplicates, and what is counted of them."""

    def __init__(self, cfg: Config, persona: dict, examination: list[str]):
        """examination: what no row may share RUN words in a row with."""
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
        self.near = NearDuplicates(ALIKE)
        self.examination, self.trained = SharedRuns(examination, RUN, LEAST_RUN), SharedRuns([], RUN, RUN)

    def add(self, part: str, conversation: dict, reason: str | None = None) -> bool:
        """Whether the conversation is kept. reason: why it is not fit."""
        whole, first = hashes(conversation)
        reason = reason or self.overlap(part, conversation, whole, first)
        if reason:
            self.dropped[reason] += 1
            return False
        self.said.add(whole)
        self.families[part][family_of(conversation["kind"])] += 1
        if part == "train":
            self.asked.add(first)
            self.trained.add(asked_in(conversation))
            part = "pref" if held_out(conversation, first, self.cfg) else part
        self.kinds[conversation["kind"]] += 1
        self.turns[str(len(conversation["messages"]) // 2)] += 1
        row = as_people_type(conversation, self.cfg, self.persona, self.typed, part, len(self.lines[part]))
        self.lines[part].append(dump_line(row))
        return True

    def overlap(self, part: str, conversation: dict, whole: bytes, first: bytes) -> str | None:
        """Why a conversation is too like what is there already, or like an examination. Company is made of the same
        few wordings on purpose: what most people say, hello and thanks, must come as often as it is drawn."""
        company = family_of(conversation["kind"]) == "company"
        if whole in self.said and not company:
            return "duplicate"
        if part == "val" and (first in self.asked or self.trained.any(asked_in(conversation))):
            return "asked in train too"
        passage = conversation.get("passage", "")
        if self.examination.any([passage, *(m["content"] for m in conversation["messages"])]):
            return "stands in the examination"
        if not company:
            question = " ".join(asked_in(conversation))
            told = (frozenset(names_in(question)), frozenset(numbers_in(question)), hash_of([passage]))
            if self.near.add(question, (conversation["article_id"], *told)):
                return "near duplicate"
        return None


def asked_in(conversation: dict) -> list[str]:
    return [message["content"] for message in conversation["messages"][::2]]


def assemble(
    articles: list[dict], answers: dict, cfg: Config, rows: Rows, rules: RulesTeacher, tokenizer: Tokenizer
) -> dict:
    """Fills the rows: what the teacher gave, filtered, by article; then what by_rules() gives. -> counts"""
    val_ids = choose_val(
        [a for a in articles if answers[a["id"]]["conversations"] or not answers[a["id"]]["refused"]], cfg
    )
    parts = {
        "train": [a for a in articles if a["id"] not in val_ids],
        "val": [a for a in articles if a["id"] in val_ids],
    }
    given = [c for answer in answers.values() for c in answer["conversations"] if family_of(c["kind"]) == "memory"]
    total = round(len(given) / share(cfg, "memory"))
    with Progress("gen_sft_data: the mix", total, "conversations") as bar:
        for part, own in parts.items():
            for article in own:
                rows.dropped.update(f"teacher: {reason}" for reason in answers[article["id"]]["refused"])
                for conversation in answers[article["id"]]["conversations"]:
                    reason = problem(conversation, article, cfg.sft.max_turns)
                    bar.add(rows.add(part, with_passage(conversation, article, cfg), reason))
            taught = rows.families[part]["memory"]
            for family, source in by_rules(own, rules, cfg, rows.persona, tokenizer, part).items():
                wanted = round(taught * share(cfg, family) / share(cfg, "memory"))
                kept = rows.families[part][family]  # those of the teacher
                for conversation in itertools.islice(source, TRIES * max(0, wanted - kept)):
                    if kept >= wanted:
                        break
                    added = rows.add(part, conversation)
                    kept += added
                    bar.add(added)
    if not rows.lines["train"]:
        raise InputError(
            f"gen_sft_data: no conversation is left after the filters ({dict(rows.dropped)}); try more sft.articles"
        )
    return {
        "articles": {part: len(own) for part, own in parts.items()},
        "refused": sum(len(answer["refused"]) for answer in answers.values()),
        "conversations": {part: len(lines) for part, lines in rows.lines.items()},
        "kinds": top(rows.kinds, 80),
        "turns": top(rows.turns, 20),
        "typed": top(rows.typed, 20),
        "dropped": top(rows.dropped, 50),
    }


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
        "passage": passages(articles, rules, fits_beside_a_question(cfg, tokenizer), *key),
        "limits": (unfound(c, *key) for c in Limits(rules, articles, persona, *key).conversations()),
        "company": (unfound(c, *key) for c in company(persona, *key)),
    }


def unfound(conversation: dict, *key) -> dict:
    """The conversation, or, for its kind's share of UNFOUND, with what the model reads where nothing was found."""
    kind = conversation["kind"]
    often = UNFOUND.get(kind, UNFOUND.get(family_of(kind), 0))
    if hash64(*key, "unfound", conversation["article_id"], conversation["messages"][0]["content"]) / 2**64 >= often:
        return conversation
    return {**conversation, "passage": chat.NOTHING_FOUND, "question_first": False}


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
