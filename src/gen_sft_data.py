"""Make conversations to fine-tune on from the articles, with a teacher model or by rules.

data/clean/deduped/*.jsonl -> data/sft/train.jsonl, val.jsonl: {"messages": [...], "article_id": 12, "kind": "fact"}
    python src/gen_sft_data.py
    python src/gen_sft_data.py --config configs/demo.yaml sft.articles=50

Killed or cut off, the same command goes on with the articles that the teacher has not answered yet: answers are kept
under teacher.answers. Train and val share no article. --preview 5 shows what the teacher makes of five articles.
"""

import argparse
import hashlib
import heapq
import time
from collections import Counter
from pathlib import Path

from pipeline.cli import stage_main
from pipeline.config import Config, InputError, resolve
from pipeline.draws import hash64
from pipeline.files import dump_line, fingerprint, lock, read_json, read_jsonl, sha256_file, write_bytes, write_json
from pipeline.stage_output import input_hash, shards, top, versions
from teacher.asking import ask_for_conversations, preview
from teacher.filters import problem
from teacher.rules.english import one_line


def main(cfg: Config, args: argparse.Namespace | None = None) -> None:
    deduped = resolve(cfg.data.deduped_dir)
    train, val = resolve(cfg.sft.train_file), resolve(cfg.sft.val_file)
    folder = train.parent
    files, settings = shards(deduped, "dedup"), what_matters(cfg)
    if args and args.preview:
        return preview(cfg, choose_articles(files, cfg), args.preview)
    key = fingerprint("gen_sft_data", settings, input_hash(deduped))
    with lock(folder):
        manifest = folder / "manifest.json"
        if manifest.exists() and read_json(manifest).get("key") == key and train.exists() and val.exists():
            refused = read_json(manifest)["counts"]["refused"]
            if not refused:
                print(f"gen_sft_data: {folder} is up to date")
                return
            print(f"gen_sft_data: {folder} is up to date but for {refused:,} articles, which are asked again")
        started = time.time()
        articles = choose_articles(files, cfg)
        lines, counts = assemble(articles, ask_for_conversations(cfg, articles), cfg)
        for path, part in ((train, "train"), (val, "val")):
            write_bytes(path, b"".join(lines[part]))
        write_json(
            manifest,
            {
                "stage": "gen_sft_data",
                "key": key,
                "settings": settings,
                "inputs": {deduped.name: input_hash(deduped)},
                "output_sha256": fingerprint(sha256_file(train), sha256_file(val)),
                "counts": counts,
                "bytes": train.stat().st_size + val.stat().st_size,
                "seconds": round(time.time() - started, 3),
                "versions": versions("requests"),
            },
        )
    kept, dropped = counts["conversations"], sum(counts["dropped"].values())
    print(
        f"gen_sft_data: {len(articles):,} articles, {kept['train']:,} conversations for training, "
        f"{kept['val']:,} for validation, {dropped:,} dropped "
        f"({', '.join(f'{reason}: {n:,}' for reason, n in top(counts['dropped'], 5).items()) or 'none'})"
    )


def what_matters(cfg: Config) -> dict:
    """The settings that the output depends on; how a server is reached is not among them."""
    sft, teacher = cfg.sft, cfg.teacher
    settings = {
        name: getattr(sft, name)
        for name in ("articles", "conversations", "max_article_chars", "max_turns", "val_fraction", "seed")
    }
    settings["backend"] = teacher.backend
    return settings | (
        {"model": teacher.model, "temperature": teacher.temperature} if teacher.backend == "openai" else {}
    )


def choose_articles(files: list[Path], cfg: Config) -> list[dict]:
    """sft.articles of them, chosen by a hash of the id, in the order of the files; each cut at a paragraph's end."""
    chosen: list = []  # a heap of (-hash, place, article): the largest hash leaves first
    for place, article in enumerate(record for file in files for record in read_jsonl(file)):
        entry = (-hash64(cfg.sft.seed, "article", article["id"]), place)
        if len(chosen) < cfg.sft.articles:
            heapq.heappush(chosen, (*entry, shown(article, cfg.sft.max_article_chars)))
        elif entry > chosen[0][:2]:
            heapq.heapreplace(chosen, (*entry, shown(article, cfg.sft.max_article_chars)))
    if not chosen:
        raise InputError(f"{resolve(cfg.data.deduped_dir)}: holds no articles")
    return [article for _, _, article in sorted(chosen, key=lambda entry: entry[1])]


def shown(article: dict, most: int) -> dict:
    """What the teacher sees of an article: its first paragraphs."""
    text = article["text"]
    if len(text) > most:
        end = text.rfind("\n", 0, most)
        text = text[:end] if end > most // 2 else text[: text.rfind(". ", 0, most) + 1] or text[:most]
    return {"id": article["id"], "title": article["title"], "text": text}


def assemble(articles: list[dict], answers: dict, cfg: Config) -> tuple[dict[str, list[bytes]], dict]:
    """-> ({"train": lines, "val": lines}, counts): filtered, without duplicates, in the order of the articles."""
    val_ids = choose_val([a for a in articles if "refused" not in answers[a["id"]]], cfg)
    lines: dict[str, list[bytes]] = {"train": [], "val": []}
    dropped: Counter = Counter()
    kinds: Counter = Counter()
    turns: Counter = Counter()
    seen: set[bytes] = set()
    asked: set[bytes] = set()  # first questions of train
    for part in ("train", "val"):
        for article in articles:
            if (article["id"] in val_ids) != (part == "val"):
                continue
            answer = answers[article["id"]]
            if "refused" in answer:
                dropped["teacher: " + answer["refused"]] += 1
            for conversation in answer.get("conversations", []):
                reason = problem(conversation, article, cfg.sft.max_turns)
                said = hashlib.sha256(
                    "\n".join(one_line(m["content"]).lower() for m in conversation.get("messages", [])).encode()
                ).digest()
                question = question_hash(conversation)
                if reason is None and said in seen:
                    reason = "duplicate"
                if reason is None and part == "val" and question in asked:
                    reason = "asked in train too"
                if reason:
                    dropped[reason] += 1
                    continue
                seen.add(said)
                if part == "train":
                    asked.add(question)
                kinds[conversation["kind"]] += 1
                turns[str(len(conversation["messages"]) // 2)] += 1
                lines[part].append(
                    dump_line(
                        {
                            "messages": conversation["messages"],
                            "article_id": article["id"],
                            "kind": conversation["kind"],
                        }
                    )
                )
    if not lines["train"]:
        raise InputError(
            f"gen_sft_data: no conversation is left after the filters ({dict(dropped)}); try more sft.articles"
        )
    counts = {
        "articles": {"train": len(articles) - len(val_ids), "val": len(val_ids)},
        "refused": sum("refused" in answer for answer in answers.values()),
        "conversations": {part: len(rows) for part, rows in lines.items()},
        "kinds": top(kinds, 50),
        "turns": top(turns, 20),
        "dropped": top(dropped, 50),
    }
    return lines, counts


def choose_val(articles: list[dict], cfg: Config) -> set:
    """The ids of sft.val_fraction of the articles, at least one when there are two or more."""
    ranked = sorted((hash64(cfg.sft.seed, "val", a["id"]), a["id"]) for a in articles)
    count = max(1, round(len(articles) * cfg.sft.val_fraction)) if len(articles) > 1 else 0
    return {article_id for _, article_id in ranked[:count]}


def question_hash(conversation: dict) -> bytes:
    messages = conversation.get("messages") or [{"content": ""}]
    return hashlib.sha256(one_line(messages[0]["content"]).lower().encode()).digest()


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--preview", type=int, default=0, metavar="N", help="show the rows of N articles, write nothing"
    )


if __name__ == "__main__":
    stage_main(main, __doc__, ("data", "sft", "teacher"), arguments)
