"""Let a judge compare the answers of two or more checkpoints to questions that none was trained on.

judge.checkpoints + data/sft/val.jsonl -> reports/judge.json, judge.md
    python src/judge_eval.py
    python src/judge_eval.py --config configs/demo.yaml "judge.checkpoints={sft: demo/checkpoints/sft/latest, dpo: demo/checkpoints/dpo/latest}"

Every pair of answers is shown in both orders; verdicts that disagree are a tie. Win rates count a tie as half; their 95 % intervals are
percentile bootstraps over the questions.
"""

import itertools
from pathlib import Path

import numpy as np

from gpt import chat, checkpoints, decoder
from gpt.sampling import Sampling
from gpt.tokenizer import Tokenizer
from pipeline.cli import stage_main
from pipeline.config import Config, InputError, resolve
from pipeline.draws import hash64
from pipeline.files import fingerprint, sha256_file, write_bytes, write_json
from pipeline.journal import Journal
from pipeline.progress import Progress
from pipeline.stage_output import versions
from teacher.client import Refused, open_teacher, references
from teacher.questions import Question, draw
from teacher.rules.judge import score

RESAMPLES = 2000  # of the bootstrap
SHOWN = 10  # questions with all answers in the report


def main(cfg: Config) -> None:
    judge, report = cfg.judge, resolve(cfg.judge.report)
    paths = {name: resolve(path) for name, path in judge.checkpoints.items()}
    for name, path in paths.items():
        if not (path / "hashes.json").exists():
            raise InputError(f"judge.checkpoints.{name}: {path}: no checkpoint there; train it first, or name another")
    source = resolve(cfg.sft.val_file)
    questions = common_questions(cfg, source, paths)
    answers = {name: answer(cfg, name, questions) for name in paths}
    key = fingerprint(
        judge.model_dump(),
        cfg.teacher.model_dump(),
        sha256_file(source),
        [sha256_file(p / "hashes.json") for p in paths.values()],
    )
    with Journal(report.parent / ".progress" / f"{report.name}.jsonl", key) as verdicts:
        ask_judge(cfg, questions, answers, verdicts)
        result = {
            "judge": cfg.teacher.backend
            if cfg.teacher.backend == "rules"
            else f"{cfg.teacher.model} at {cfg.teacher.base_url}",
            "questions": len(questions),
            "source": str(cfg.sft.val_file),
            "checkpoints": {n: str(p) for n, p in judge.checkpoints.items()},
            "models": {name: describe(questions, answers[name]) for name in paths},
            "pairs": [compare(a, b, questions, verdicts, judge.seed) for a, b in itertools.combinations(paths, 2)],
            "interval": f"95 %, percentile bootstrap over questions, {RESAMPLES:,} resamples, seed {judge.seed}",
            "samples": [
                {"question": q.text, "reference": q.reference, **{name: answers[name][i]["text"] for name in paths}}
                for i, q in enumerate(questions[:SHOWN])
            ],
            "versions": versions("torch", "numpy"),
        }
        write_json(report.with_name(report.name + ".json"), result)
        write_bytes(report.with_name(report.name + ".md"), markdown(result).encode())
        verdicts.remove()
    for pair in result["pairs"]:
        print(
            f"judge_eval: {pair['first']} {pair['wins']} : {pair['losses']} {pair['second']}, {pair['ties']} ties, {pair['first']} wins "
            f"{pair['win_rate']:.1%} [{pair['interval'][0]:.1%}, {pair['interval'][1]:.1%}]"
        )
    print(f"judge_eval: {report}.json, {report}.md")


def common_questions(cfg: Config, source: Path, paths: dict[str, Path]) -> list[Question]:
    """Questions that fit the context of every checkpoint."""
    path = min(paths.values(), key=lambda p: checkpoints.load_config(p).block_size)
    room = checkpoints.load_config(path).block_size - cfg.judge.max_new_tokens
    if room < 16:
        raise InputError(
            f"judge.max_new_tokens {cfg.judge.max_new_tokens}: leaves no room for a question in the context of {path}"
        )
    return draw(source, cfg.judge.prompts, cfg.judge.seed, Tokenizer(path / "tokenizer.json"), room)


def answer(cfg: Config, name: str, questions: list[Question]) -> list[dict]:
    """[{"text": ..., "stopped": whether it ended by itself}] of one checkpoint."""
    judge = cfg.judge
    model, tokenizer = decoder.load(judge.checkpoints[name])
    prompts = [chat.encode(tokenizer, q.prompt, add_generation_prompt=True)[0] for q in questions]
    done = []
    with Progress(f"judge_eval: {name} answers", len(prompts), "questions") as bar:
        for at in range(0, len(prompts), judge.batch_size):
            part = prompts[at : at + judge.batch_size]
            seeds = [hash64(judge.seed, "answer", at + n) for n in range(len(part))]
            done += decoder.generate(
                model,
                tokenizer,
                part,
                judge.max_new_tokens,
                Sampling(judge.temperature),
                seeds,
                batch_size=judge.batch_size,
            )
            bar.add(len(part))
    return [{"text": c.text.strip(), "stopped": c.finish_reason == "stop"} for c in done]


def ask_judge(cfg: Config, questions: list[Question], answers: dict[str, list[dict]], verdicts: Journal) -> None:
    """Both orders of every pair into the journal: "first", "second" or "tie" of the names' order, or "invalid: ..."."""
    jobs = []
    for (a, b), i in itertools.product(itertools.combinations(answers, 2), range(len(questions))):
        for order in ("forward", "back"):
            name = f"{a}|{b}|{i}|{order}"
            if name not in verdicts:
                first, second = (a, b) if order == "forward" else (b, a)
                jobs.append((name, i, answers[first][i]["text"], answers[second][i]["text"]))
    if not jobs:
        return
    teacher, texts = open_teacher(cfg), references(cfg, {q.article_id for q in questions})
    todo = (
        {
            "question": questions[i].text,
            "article": texts.get(questions[i].article_id, ""),
            "reference": questions[i].reference,
            "first": one,
            "second": two,
        }
        for _, i, one, two in jobs
    )
    with Progress("judge_eval: verdicts", len(jobs), "verdicts") as bar:
        for at, result in teacher.map("judge", todo):
            verdicts[jobs[at][0]] = (
                {"invalid": str(result)} if isinstance(result, Refused) else {"verdict": result[0], "reason": result[1]}
            )
            bar.add(1)


def compare(first: str, second: str, questions: list[Question], verdicts: Journal, seed: int) -> dict:
    """The verdicts on one pair of models, a question's two orders put together."""
    points, slots = (
        [],
        [],
    )  # per question: 1 first wins, 0.5 tie, 0 second wins; per verdict: was the answer in slot A preferred?
    inconsistent = invalid = 0
    for i in range(len(questions)):
        forward, back = (
            verdicts[f"{first}|{second}|{i}|forward"].get("verdict"),
            verdicts[f"{first}|{second}|{i}|back"].get("verdict"),
        )
        invalid += (forward is None) + (back is None)
        slots += [v == "A" for v in (forward, back) if v in ("A", "B")]
        if forward is None or back is None:
            continue
        back = {"A": "B", "B": "A", "tie": "tie"}[back]  # in terms of the forward order
        inconsistent += forward != back
        points.append(0.5 if forward != back or forward == "tie" else float(forward == "A"))
    low, high = bootstrap(points, seed)
    return {
        "first": first,
        "second": second,
        "questions": len(points),
        "wins": points.count(1.0),
        "losses": points.count(0.0),
        "ties": points.count(0.5),
        "win_rate": float(np.mean(points)) if points else 0.5,
        "interval": [low, high],
        "first_slot_rate": float(np.mean(slots)) if slots else None,
        "inconsistent": inconsistent,
        "invalid": invalid,
    }


def bootstrap(points: list[float], seed: int) -> tuple[float, float]:
    """The 2.5 and 97.5 percentiles of the mean over resamples of the questions."""
    if not points:
        return 0.0, 1.0
    drawn = np.random.default_rng(seed).integers(0, len(points), (RESAMPLES, len(points)))
    low, high = np.percentile(np.asarray(points)[drawn].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def describe(questions: list[Question], answers: list[dict]) -> dict:
    """What can be said of a model's answers without a judge."""
    return {
        "words": float(np.mean([len(a["text"].split()) for a in answers])),
        "stopped": float(np.mean([a["stopped"] for a in answers])),
        "empty": sum(not a["text"] for a in answers),
        "agreement": float(np.mean([score(q.text, q.reference, a["text"]) for q, a in zip(questions, answers)])),
    }


def markdown(result: dict) -> str:
    lines = [
        f"# Judge: {', '.join(result['models'])}",
        "",
        f"{result['questions']} questions of {result['source']}; judge: {result['judge']}. Both orders, disagreement is a tie, a tie counts half.",
        f"Intervals: {result['interval']}.",
        "",
        "| first | second | first wins | ties | second wins | win rate of the first | 95 % interval | slot A preferred | orders disagree | invalid |",
        "|---|---|---:|---:|---:|---:|---|---:|---:|---:|",
    ]
    for p in result["pairs"]:
        slot = f"{p['first_slot_rate']:.1%}" if p["first_slot_rate"] is not None else "-"
        lines.append(
            f"| {p['first']} | {p['second']} | {p['wins']} | {p['ties']} | {p['losses']} | {p['win_rate']:.1%} | "
            f"{p['interval'][0]:.1%} to {p['interval'][1]:.1%} | {slot} | {p['inconsistent']} | {p['invalid']} |"
        )
    lines += [
        "",
        "| model | words an answer | ends by itself | empty | agreement with the reference |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {name} | {m['words']:.1f} | {m['stopped']:.1%} | {m['empty']} | {m['agreement']:.2f} |"
        for name, m in result["models"].items()
    ]
    lines += ["", "## Samples", ""]
    for sample in result["samples"]:
        lines += [f"- **{' '.join(sample['question'].split())}** ({' '.join(sample['reference'].split())})"]
        lines += [f"  - {name}: {' '.join(sample[name].split()) or '(nothing)'}" for name in result["models"]]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    stage_main(main, __doc__, ("judge", "sft", "teacher"))
