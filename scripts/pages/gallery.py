"""What the card asks the models itself: configs/gallery.jsonl, and the examination's company and texts where the quiz
has not asked them -> reports/gallery.json, kept as long as models, prompts and this file stay the same."""

import re
from pathlib import Path

from judge_eval import answer_all
from pipeline.config import ROOT, Config
from pipeline.files import fingerprint, read_json, read_jsonl, sha256_file, write_json
from scripts.bench import exam, quiz

GALLERY = ROOT / "configs/gallery.jsonl"


def ask(cfg: Config, folder: Path, models: dict[str, Path], without: set[str]) -> dict[str, dict]:
    """The gallery's answers and the exam's that need no facts, of each model: {"key", "gallery", "exam"}.

    Kept in gallery.json, so that a model is asked once. without: models that the quiz has examined; base has no exam.
    """
    prompts = list(read_jsonl(GALLERY))
    kept_at = folder / "gallery.json"
    kept = read_json(kept_at) if kept_at.exists() else {}
    found: dict[str, dict] = {}
    for name, path in models.items():
        items = [] if name == "base" or name in without else [*exam.company(), *exam.passages()]
        asked = [sha256_file(path / "hashes.json"), prompts, [item.text for item in items], cfg.judge.max_new_tokens]
        key = fingerprint(asked, sha256_file(Path(__file__)))
        if kept.get(name, {}).get("key") == key:
            found[name] = kept[name]
            continue
        conversations = [prompt["messages"] for prompt in prompts] + [item.messages for item in items]
        said = answer_all(cfg, f"card: {name}", str(path), conversations, in_words=last_words)
        shown = [
            {**prompt, **answer, "good": bool(re.search(prompt["right"], answer["text"], re.I | re.S))
             if "right" in prompt and name != "base" else None}
            for prompt, answer in zip(prompts, said)
        ]  # fmt: skip
        examined = [
            {
                "part": item.part,
                "question": item.text,
                "answer": answer["text"],
                "right": is_right(item, answer["text"]),
            }
            for item, answer in zip(items, said[len(prompts) :])
        ]
        found[name] = {"key": key, "gallery": shown, "exam": examined}
    write_json(kept_at, found)
    return found


def last_words(messages: list[dict]) -> str:
    """What a base model is given to go on with."""
    return messages[-1]["content"]


def is_right(item: exam.Item, answer: str) -> bool:
    if item.values:
        return quiz.grade(quiz.Question(item.part, "", item.text, list(item.values)), answer)
    return bool(re.search(item.expected, answer, re.IGNORECASE))


def counted(exam_results: list[dict]) -> dict[str, list[int]]:
    parts: dict[str, list[int]] = {}
    for result in exam_results:
        part = parts.setdefault(result["part"], [0, 0])
        part[0] += result["right"]
        part[1] += 1
    return parts


def gallery_of(asked: dict[str, dict]) -> list[dict]:
    """A row a prompt: kind, messages, and of each model the answer and whether it is right (None: that is for you)."""
    rows: list[dict] = []
    for name, found in asked.items():
        for place, shown in enumerate(found["gallery"]):
            if len(rows) <= place:
                rows.append({"kind": shown["kind"], "messages": shown["messages"], "answers": {}})
            rows[place]["answers"][name] = [shown["text"], shown["good"]]
    return rows
