"""Let a judge compare the answers of two or more checkpoints to questions that none was trained on.

judge.checkpoints + data/sft/val.jsonl -> reports/judge.json, judge.md
    python src/judge_eval.py
    python src/judge_eval.py judge.checkpoints.base=checkpoints/base/latest

Every pair of answers is shown in both orders; verdicts that disagree are a tie. Win rates count a tie as half; their
95 % intervals are Wilson's. Beside them stands the rate that is left when both answers are equally long. A base model,
which knows no chat, is asked in plain text.
"""

# torch, and what imports it, is imported where there is something to answer: a run that is up to date does without.

import pipeline.ctrl_c  # first, for as long as the others take

import itertools
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gpt import chat
from gpt.tokenizer import Tokenizer
from pipeline.cli import stage_main
from pipeline.config import Config, InputError, resolve
from pipeline.draws import hash64
from pipeline.files import read_json, sha256_file, write_bytes
from pipeline.progress import Progress
from pipeline.stage_output import SingleFiles
from teacher.client import Refused, open_teacher, references
from teacher.questions import Question, draw
from teacher.rules.judge import repeated, score

GOOD = 0.7  # agreement with the reference from which an answer counts as right
RIDGE = 0.1  # of the regression on length
SHOWN = 10  # questions with all answers in the report
HOW_TO_READ = (
    "How to read it: 50 % is no difference, and where the interval holds 50 % none has been shown. Far from the win "
    "rate, `at equal length` says that one model wins by longer answers; far from 50 %, `slot A preferred` says that "
    "the judge looks at the order. Of 200 questions the course's SFT model won 89 % against its base model, and its "
    "DPO model 61 % against SFT. `ends by itself` below 95 % and `repeats itself` above 2 % are worth a look at the "
    "samples."
)


def main(cfg: Config) -> None:
    judge, report = cfg.judge, resolve(cfg.judge.report)
    paths = {name: resolve(path) for name, path in judge.checkpoints.items()}
    for name, path in paths.items():
        if not (path / "hashes.json").exists():
            raise InputError(f"judge.checkpoints.{name}: {path}: no checkpoint there; train it first, or name another")
    source, page = resolve(cfg.sft.val_file), report.with_name(report.name + ".md")
    if not source.exists():
        raise InputError(f"{source}: not there; run python src/gen_sft_data.py with the same config first")
    inputs = {source.name: source} | {name: sha256_file(path / "hashes.json") for name, path in paths.items()}
    manifest, settings = report.with_name(report.name + ".json"), what_matters(cfg)
    with SingleFiles(manifest, "judge_eval", settings, inputs, ("torch", "numpy"), cfg.again, unjudged) as out:
        if out.up_to_date:
            say(read_json(manifest), report)
            return
        questions = common_questions(cfg, source, paths)
        answers = {name: answer(cfg, name, questions) for name in paths}
        result = results(cfg, questions, answers, ask_judge(cfg, questions, answers))
        out.begin()
        write_bytes(page, markdown(result).encode())
        out.finish([page], {"invalid": sum(pair["invalid"] for pair in result["pairs"])}, **result)
    say(result, report)


def what_matters(cfg: Config) -> dict:
    """The settings that the report depends on; batch sizes and how a server is reached are not among them."""
    names = ("checkpoints", "prompts", "max_new_tokens", "temperature", "seed")
    settings = {name: getattr(cfg.judge, name) for name in names} | {"backend": cfg.teacher.backend}
    return settings | ({"model": cfg.teacher.model} if cfg.teacher.backend == "openai" else {})


def unjudged(manifest: dict) -> str:
    """Verdicts that the judge has not given, in words."""
    number = manifest["counts"]["invalid"]
    return f"{number:,} verdicts, which are asked for again" if number else ""


def results(cfg: Config, questions: list[Question], answers: dict[str, list[dict]], verdicts: dict) -> dict:
    """All that the report says."""
    openai = cfg.teacher.backend == "openai"
    return {
        "judge": f"{cfg.teacher.model} at {cfg.teacher.base_url}" if openai else cfg.teacher.backend,
        "questions": len(questions),
        "source": str(cfg.sft.val_file),
        "checkpoints": {name: str(path) for name, path in cfg.judge.checkpoints.items()},
        "models": {name: describe(questions, said) for name, said in answers.items()},
        "pairs": [compare(a, b, questions, answers, verdicts) for a, b in itertools.combinations(answers, 2)],
        "interval": "95 %, Wilson",
        "samples": [
            {"question": q.text, "reference": q.reference, **{name: said[i]["text"] for name, said in answers.items()}}
            for i, q in enumerate(questions[:SHOWN])
        ],
    }


def say(result: dict, report: Path) -> None:
    for pair in result["pairs"]:
        low, high = pair["interval"]
        print(
            f"judge_eval: {pair['first']} {pair['wins']} : {pair['losses']} {pair['second']}, {pair['ties']} ties, "
            f"{pair['first']} wins {pair['win_rate']:.1%} [{low:.1%}, {high:.1%}]"
        )
    print(f"judge_eval: {report}.json, {report}.md")


def common_questions(cfg: Config, source: Path, paths: dict[str, Path]) -> list[Question]:
    """Questions that fit the context of every checkpoint."""
    from gpt import checkpoints

    path = min(paths.values(), key=lambda p: checkpoints.load_config(p).block_size)
    room = checkpoints.load_config(path).block_size - cfg.judge.max_new_tokens
    if room < 16:
        raise InputError(
            f"judge.max_new_tokens {cfg.judge.max_new_tokens}: leaves no room for a question in the context of {path}"
        )
    return draw(source, cfg.judge.prompts, cfg.judge.seed, Tokenizer(path / "tokenizer.json"), room)


def answer(cfg: Config, name: str, questions: list[Question]) -> list[dict]:
    """[{"text": ..., "stopped": whether it ended by itself}] of one checkpoint."""
    return answer_all(cfg, name, cfg.judge.checkpoints[name], [q.prompt for q in questions])


def answer_all(
    cfg: Config,
    name: str,
    checkpoint: str,
    conversations: list[list[dict]],
    in_words: Callable[[list[dict]], str] | None = None,
) -> list[dict]:
    """What a checkpoint says next in each conversation, as [{"text", "stopped"}]. name: for the progress bar.

    A base model answers a line of plain(); with in_words it goes on with that text instead.
    """
    from gpt import decoder
    from gpt.sampling import Sampling

    judge = cfg.judge
    model, tokenizer = decoder.load(checkpoint)
    base = "base" in resolve(checkpoint).parts
    if base:
        prompts = [tokenizer.encode((in_words or plain)(messages)) for messages in conversations]
    else:
        prompts = [chat.encode(tokenizer, messages, add_generation_prompt=True)[0] for messages in conversations]
    done = []
    with Progress(f"{name} answers", len(prompts), "questions") as bar:
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
                stop=("\n",) if base and in_words is None else (),
                batch_size=judge.batch_size,
            )
            bar.add(len(part))
    return [{"text": c.text.strip(), "stopped": c.finish_reason == "stop"} for c in done]


def plain(messages: list[dict]) -> str:
    """How a base model is asked: a document of questions and answers that it goes on with."""
    said = [("Answer" if m["role"] == "assistant" else "Question", " ".join(m["content"].split())) for m in messages]
    return "".join(f"{who}: {text}\n" for who, text in said) + "Answer:"


def ask_judge(cfg: Config, questions: list[Question], answers: dict[str, list[dict]]) -> dict[str, dict]:
    """{"first|second|question|order": the verdict}: A, B or tie for both orders of every pair, or what was invalid."""
    jobs = []
    for (a, b), i in itertools.product(itertools.combinations(answers, 2), range(len(questions))):
        for order in ("forward", "back"):
            first, second = (a, b) if order == "forward" else (b, a)
            jobs.append((f"{a}|{b}|{i}|{order}", i, answers[first][i]["text"], answers[second][i]["text"]))
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
    verdicts: dict[str, dict] = {}
    with Progress("judge_eval: verdicts", len(jobs), "verdicts") as bar:
        for at, result in teacher.map("judge", todo):
            verdicts[jobs[at][0]] = (
                {"invalid": str(result)} if isinstance(result, Refused) else {"verdict": result[0], "reason": result[1]}
            )
            bar.add(1)
    return verdicts


def compare(
    first: str, second: str, questions: list[Question], answers: dict[str, list[dict]], verdicts: dict[str, dict]
) -> dict:
    """The verdicts on one pair of models, a question's two orders put together."""
    points: list[float] = []  # per question: 1 first wins, 0.5 tie, 0 second wins
    longer: list[float] = []  # per question: how much longer the first's answer is, of the length of both
    slots: list[bool] = []  # per verdict: was the answer in slot A preferred?
    inconsistent = invalid = 0
    for i in range(len(questions)):
        forward, back = (verdicts[f"{first}|{second}|{i}|{order}"].get("verdict") for order in ("forward", "back"))
        invalid += (forward is None) + (back is None)
        slots += [v == "A" for v in (forward, back) if v in ("A", "B")]
        if forward is None or back is None:
            continue
        back = {"A": "B", "B": "A", "tie": "tie"}[back]  # in terms of the forward order
        inconsistent += forward != back
        points.append(0.5 if forward != back or forward == "tie" else float(forward == "A"))
        one, other = len(answers[first][i]["text"]), len(answers[second][i]["text"])
        longer.append((one - other) / max(one + other, 1))
    win_rate = float(np.mean(points)) if points else 0.5
    return {
        "first": first,
        "second": second,
        "questions": len(points),
        "wins": points.count(1.0),
        "losses": points.count(0.0),
        "ties": points.count(0.5),
        "win_rate": win_rate,
        "interval": list(wilson(win_rate, len(points))),
        "at_equal_length": at_equal_length(points, longer),
        "first_slot_rate": float(np.mean(slots)) if slots else None,
        "inconsistent": inconsistent,
        "invalid": invalid,
    }


def wilson(share: float, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of `count`: of 5 of 5 it is 57 to 100 %, where a bootstrap says 100 to 100."""
    if not count:
        return 0.0, 1.0
    z = 1.959964
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(0.0, middle - half), min(1.0, middle + half)


def at_equal_length(points: list[float], longer: list[float]) -> float | None:
    """The win rate that a logistic regression of the points on the difference of lengths gives at no difference.

    After AlpacaEval 2 (Dubois et al. 2024). A small ridge keeps it finite where all points are equal.
    """
    if not points:
        return None
    design = np.stack([np.ones(len(points)), np.asarray(longer)], axis=1)
    weights = np.zeros(2)
    for _ in range(50):  # Newton's method
        expected = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (np.asarray(points) - expected) - RIDGE * weights
        curvature = design.T @ (design * (expected * (1 - expected))[:, None]) + RIDGE * np.eye(2)
        weights = weights + np.linalg.solve(curvature, gradient)
    return float(1 / (1 + np.exp(-weights[0])))


def describe(questions: list[Question], answers: list[dict]) -> dict:
    """What can be said of a model's answers without a judge."""
    agreement = [score(q.text, q.reference, a["text"]) for q, a in zip(questions, answers)]
    return {
        "words": float(np.mean([len(a["text"].split()) for a in answers])),
        "stopped": float(np.mean([a["stopped"] for a in answers])),
        "empty": sum(not a["text"] for a in answers),
        "repeats": float(np.mean([repeated(q.text, q.reference, a["text"]) for q, a in zip(questions, answers)])),
        "agreement": float(np.mean(agreement)),
        "right": sum(value >= GOOD for value in agreement),
    }


def markdown(result: dict) -> str:
    lines = [
        f"# Judge: {', '.join(result['models'])}",
        "",
        f"{result['questions']} questions of {result['source']}; judge: {result['judge']}. Both orders, disagreement "
        "is a tie, a tie counts half.",
        f"Intervals: {result['interval']}.",
        "",
        HOW_TO_READ,
        "",
        "| first | second | first wins | ties | second wins | win rate of the first | 95 % interval | at equal length "
        "| slot A preferred | orders disagree | invalid |",
        "|---|---|---:|---:|---:|---:|---|---:|---:|---:|---:|",
    ]
    for p in result["pairs"]:
        slot = f"{p['first_slot_rate']:.1%}" if p["first_slot_rate"] is not None else "-"
        equal = f"{p['at_equal_length']:.1%}" if p["at_equal_length"] is not None else "-"
        lines.append(
            f"| {p['first']} | {p['second']} | {p['wins']} | {p['ties']} | {p['losses']} | {p['win_rate']:.1%} | "
            f"{p['interval'][0]:.1%} to {p['interval'][1]:.1%} | {equal} | {slot} | {p['inconsistent']} | "
            f"{p['invalid']} |"
        )
    lines += [
        "",
        "| model | words an answer | ends by itself | empty | repeats itself | agreement with the reference |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {name} | {m['words']:.1f} | {m['stopped']:.1%} | {m['empty']} | {m['repeats']:.1%} | {m['agreement']:.2f} |"
        for name, m in result["models"].items()
    ]
    lines += ["", "## Samples", ""]
    for sample in result["samples"]:
        lines += [f"- **{' '.join(sample['question'].split())}** ({' '.join(sample['reference'].split())})"]
        lines += [f"  - {name}: {' '.join(sample[name].split()) or '(nothing)'}" for name in result["models"]]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    stage_main(main, __doc__, ("judge", "sft", "teacher"))
