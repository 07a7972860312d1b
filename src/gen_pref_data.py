"""Make pairs of a better and a worse answer: own samples, the teacher's answers, true ones with a small lie.

checkpoints/sft/latest + data/sft/pref.jsonl -> data/pref/{train,val}.jsonl: {"prompt", "chosen", "rejected", ...}
    python src/gen_pref_data.py
    python src/gen_pref_data.py --config configs/demo.yaml pref.prompts=50 pref.temperature=1.2

The questions are those that gen_sft_data.py kept from fine-tuning; the samples of one question are drawn at several
temperatures. A second round for the new model: pref.round=2 pref.checkpoint=checkpoints/dpo/latest. Killed or cut off,
the same command goes on with the questions that have no samples yet. Train and val share no article.
"""

import pipeline.ctrl_c  # first, for as long as the others take

import re
from collections import Counter, defaultdict
from pathlib import Path

from gpt import chat
from pipeline.cli import stage_main
from pipeline.config import Config, InputError, resolve
from pipeline.draws import hash64
from pipeline.files import dump_line, fingerprint, sha256_file, write_bytes
from pipeline.journal import Journal
from pipeline.progress import Progress
from pipeline.stage_output import SingleFiles, top
from teacher.client import Refused, open_teacher, references
from teacher.questions import Question, draw, every_question
from teacher.rules.english import STOP_WORDS, one_line

# Keys of pref that the samples depend on
SAMPLING = ("prompts", "samples", "max_new_tokens", "temperature", "temperature_spread", "round", "top_p", "seed")
GOOD, BAD = 0.8, 0.5  # ratings from which an own answer may be chosen, below which one loses to the true answer
GAP = 0.25  # between two own answers, so that one is really better
COMMON = 4  # articles in whose answers a word occurs to count as part of a pattern and not of a subject
LONGEST_VALUE = 8  # words that a swapped value may have
WORD = re.compile(r"\w[\w’'\-]*")


def main(cfg: Config) -> None:
    pref = cfg.pref
    train, val, checkpoint = resolve(pref.train_file), resolve(pref.val_file), resolve(pref.checkpoint)
    source = resolve(pref.prompts_file)
    if not source.exists():
        raise InputError(f"{source}: not there; run python src/gen_sft_data.py with the same config first")
    if not (checkpoint / "hashes.json").exists():
        raise InputError(f"{checkpoint}: no checkpoint there; run python src/train_sft.py with the same config first")
    inputs: dict[str, Path | str] = {source.name: source, "checkpoint": sha256_file(checkpoint / "hashes.json")}
    manifest, packages = train.parent / "manifest.json", ("torch", "requests")
    with SingleFiles(manifest, "gen_pref_data", what_matters(cfg), inputs, packages, cfg.again, refused) as out:
        if out.up_to_date:
            return
        # Its key holds no code: what was sampled is kept when only what is made of it has changed.
        sampled = fingerprint({name: getattr(pref, name) for name in SAMPLING}, out.inputs)
        with Journal(train.parent / "samples.jsonl", sampled, cfg.again) as samples:
            questions = sample_answers(cfg, source, samples)
            lines, counts = assemble(cfg, questions, samples, rate_answers(cfg, questions, samples))
            out.begin()
            for path, part in ((train, "train"), (val, "val")):
                write_bytes(path, b"".join(lines[part]))
            out.finish([train, val], counts)
    pairs, kinds = counts["pairs"], ", ".join(f"{kind}: {n:,}" for kind, n in counts["kinds"].items())
    print(
        f"gen_pref_data: {len(questions):,} questions, {pairs['train']:,} pairs for training, {pairs['val']:,} for "
        f"validation ({kinds}), {sum(counts['dropped'].values()):,} dropped"
    )


def refused(manifest: dict) -> str:
    """Questions that the teacher has not rated, in words."""
    number = manifest["counts"]["refused"]
    return f"{number:,} questions, which are asked again" if number else ""


def what_matters(cfg: Config) -> dict:
    """The settings that the output depends on; batch sizes and how a server is reached are not among them."""
    pref, teacher = cfg.pref, cfg.teacher
    settings = {
        name: getattr(pref, name)
        for name in (
            "prompts",
            "samples",
            "max_new_tokens",
            "temperature",
            "temperature_spread",
            "round",
            "top_p",
            "max_length_ratio",
            "val_fraction",
            "seed",
        )
    }
    settings["backend"] = teacher.backend
    return settings | ({"model": teacher.model} if teacher.backend == "openai" else {})


def sample_answers(cfg: Config, source: Path, samples: Journal) -> list[Question]:
    """pref.samples answers of the model to each question, into the journal. -> the questions"""
    pref = cfg.pref
    from gpt import decoder  # and torch: a run that is up to date does without
    from gpt.sampling import Sampling

    model, tokenizer = decoder.load(pref.checkpoint)
    room = model.config.block_size - pref.max_new_tokens
    if room < 16:
        raise InputError(
            f"pref.max_new_tokens {pref.max_new_tokens}: leaves no room for a question in block_size "
            f"{model.config.block_size}"
        )
    questions = draw(source, pref.prompts, pref.seed, tokenizer, room, skip=(pref.round - 1) * pref.prompts)
    todo = [i for i in range(len(questions)) if i not in samples]
    with Progress("gen_pref_data: samples", len(questions), "questions", start=len(questions) - len(todo)) as bar:
        for part in (todo[at : at + pref.batch_size] for at in range(0, len(todo), pref.batch_size)):
            prompts = [chat.encode(tokenizer, questions[i].prompt, add_generation_prompt=True)[0] for i in part]
            answers: dict[int, list[dict]] = {i: [] for i in part}
            for n, temperature in enumerate(temperatures(pref.samples, pref.temperature, pref.temperature_spread)):
                seeds = [hash64(pref.seed, "sample", i, n) for i in part]
                sampling = Sampling(temperature, top_p=pref.top_p)
                done = decoder.generate(
                    model, tokenizer, prompts, pref.max_new_tokens, sampling, seeds, batch_size=pref.batch_size
                )
                for i, c in zip(part, done):
                    answers[i].append({"text": c.text.strip(), "stopped": c.finish_reason == "stop"})
            for i in part:
                samples[i] = answers[i]
            bar.add(len(part))
    return questions


def temperatures(samples: int, middle: float, spread: float) -> list[float]:
    """4, 1.0, 0.6 -> 0.7, 0.9, 1.1, 1.3: what is likely and what is not, so that one is better than another."""
    if samples == 1:
        return [middle]
    return [max(0.0, round(middle + spread * (n / (samples - 1) - 0.5), 6)) for n in range(samples)]


def rate_answers(cfg: Config, questions: list[Question], samples: Journal) -> dict[int, list[float] | str]:
    """{question: the teacher's rating, 0 to 1, of every sample that ended by itself, or why there is none}"""
    teacher, texts = open_teacher(cfg), references(cfg, {question.article_id for question in questions})
    jobs = (
        {
            "question": question.text,
            "article": texts.get(question.article_id, ""),
            "reference": question.reference,
            "answers": ended(samples[i]),
        }
        for i, question in enumerate(questions)
    )
    ratings: dict[int, list[float] | str] = {}
    with Progress("gen_pref_data: ratings", len(questions), "questions") as bar:
        for at, result in teacher.map("rate", jobs):
            ratings[at] = str(result) if isinstance(result, Refused) else result
            bar.add(1)
    return ratings


def ended(answers: list[dict]) -> list[str]:
    return [a["text"] for a in answers if a["stopped"] and a["text"]]


# from samples and ratings to pairs


def assemble(
    cfg: Config, questions: list[Question], samples: Journal, ratings: dict[int, list[float] | str]
) -> tuple[dict[str, list[bytes]], dict]:
    lines: dict[str, list[bytes]] = {"train": [], "val": []}
    kinds: Counter = Counter()
    dropped: Counter = Counter()
    values_from = (resolve(cfg.sft.train_file), resolve(cfg.pref.prompts_file))
    corrupt = Corruption([question for path in values_from for question in every_question(path)])
    for i, question in enumerate(questions):
        dropped["sample hit the length limit"] += sum(not a["stopped"] for a in samples[i])
        if isinstance(ratings[i], str):
            dropped[f"teacher: {ratings[i]}"] += 1
        pairs = own_pair(question, ended(samples[i]), ratings[i]) + corrupt.pair(
            question, hash64(cfg.pref.seed, "corrupt", i)
        )
        part = (
            "val" if hash64(cfg.pref.seed, "pref val", question.article_id) / 2**64 < cfg.pref.val_fraction else "train"
        )
        for kind, chosen, rejected, reason in pairs:
            problem = unfit(chosen, rejected, cfg.pref.max_length_ratio)
            if problem:
                dropped[problem] += 1
                continue
            kinds[kind] += 1
            lines[part].append(
                dump_line(
                    {
                        "prompt": question.prompt,
                        "chosen": chosen,
                        "rejected": rejected,
                        "reason": reason,
                        "kind": kind,
                        "article_id": question.article_id,
                    }
                )
            )
    if len(lines["train"]) > 1 and not lines["val"]:
        lines["val"].append(lines["train"].pop())
    if not lines["train"]:
        raise InputError(
            f"gen_pref_data: no pair is left ({dict(dropped)}); try more pref.prompts or a higher pref.temperature"
        )
    return lines, {
        "questions": len(questions),
        "refused": sum(isinstance(rating, str) for rating in ratings.values()),
        "pairs": {part: len(rows) for part, rows in lines.items()},
        "kinds": top(kinds, 9),
        "dropped": top(dropped, 50),
    }


def own_pair(question: Question, answers: list[str], rating: list[float] | str) -> list[tuple[str, str, str, str]]:
    """(kind, chosen, rejected, reason): the best own answer against the worst, or the true one against the worst."""
    if isinstance(rating, str) or not answers:
        return []
    best, worst = max(range(len(answers)), key=rating.__getitem__), min(range(len(answers)), key=rating.__getitem__)
    if rating[best] >= GOOD and rating[best] - rating[worst] < GAP:
        return []
    if rating[best] >= GOOD:
        return [
            ("own", answers[best], answers[worst], f"own answers, rated {rating[best]:.2f} and {rating[worst]:.2f}")
        ]
    if rating[worst] >= BAD:
        return []
    return [
        ("teacher", question.reference, answers[worst], f"the true answer against an own one rated {rating[worst]:.2f}")
    ]


def unfit(chosen: str, rejected: str, most: float) -> str | None:
    if one_line(chosen).lower().rstrip(".") == one_line(rejected).lower().rstrip("."):
        return "both sides equal"
    if max(len(chosen), len(rejected)) > most * min(len(chosen), len(rejected)):
        return "lengths differ too much"
    return None


class Corruption:
    """True answers made false by one small change: the value of another such answer, another number, yes for no."""

    def __init__(self, questions: list[Question]):
        articles_of: dict[str, set] = defaultdict(set)
        for question in questions:
            for word in WORD.findall(question.reference.lower()):
                articles_of[word].add(question.article_id)
        self.common = {word for word, ids in articles_of.items() if len(ids) >= COMMON}
        self.values: dict[tuple, dict[str, None]] = defaultdict(
            dict
        )  # pattern of question and answer -> values seen there, in order
        for question in questions:
            found = self.value(question)
            if found:
                self.values[found[3]][found[2]] = None

    def pair(self, question: Question, chance: int) -> list[tuple[str, str, str, str]]:
        answer = question.reference
        yes_no = re.match(r"(Yes|No)\b", answer)
        found = self.value(question)
        if yes_no:
            wrong = "No" if yes_no[1] == "Yes" else "Yes"
            return [("corrupted", answer, wrong + answer[yes_no.end() :], f"{yes_no[1]} became {wrong}")]
        if found:
            start, end, value, pattern = found
            others = [
                v for v in self.values[pattern] if v.lower() not in value.lower() and value.lower() not in v.lower()
            ]
            if others:
                other = others[chance % len(others)]
                return [("corrupted", answer, answer[:start] + other + answer[end:], f"{value} became {other}")]
        number = next((m for m in re.finditer(r"\d[\d,]*(?:\.\d+)?", answer) if m.group(0) not in question.text), None)
        if number:
            other = another_number(number.group(0), chance)
            return [
                (
                    "corrupted",
                    answer,
                    answer[: number.start()] + other + answer[number.end() :],
                    f"{number.group(0)} became {other}",
                )
            ]
        return []

    def value(self, question: Question) -> tuple[int, int, str, tuple] | None:
        """-> (start, end, text, pattern) of what an answer tells beyond its question; None: it is no short phrase."""
        last_asked = question.prompt[-1]["content"]
        asked = {re.sub(r"['’]s?$", "", w.lower()) for w in WORD.findall(question.text)}
        answer = question.reference
        spans = list(WORD.finditer(answer))
        new = [
            i
            for i, m in enumerate(spans)
            if m.group(0).lower() not in asked
            and m.group(0).lower() not in STOP_WORDS
            and not (m.group(0).islower() and m.group(0) in self.common and i < len(spans) - 1)
        ]
        if not new or len(re.findall(r"[.!?](?:\s|$)", answer)) > 1:
            return None
        first, last = new[0], new[-1]
        while first > 1 and capitalised(answer, spans[first - 1]) and capitalised(answer, spans[first]):
            first -= 1  # Mexico City, asked for as the capital of Mexico
        while last + 1 < len(spans) and capitalised(answer, spans[last]) and capitalised(answer, spans[last + 1]):
            last += 1
        if last - first + 1 > LONGEST_VALUE or first == 0:
            return None
        start, end = spans[first].start(), spans[last].end()
        outside = [m.group(0).lower() for i, m in enumerate(spans) if i < first or i > last]
        pattern = tuple(w for w in WORD.findall(last_asked.lower()) + outside if w in self.common)
        return (start, end, answer[start:end], pattern) if pattern else None


def capitalised(text: str, word: re.Match) -> bool:
    """A capital, with nothing but a space between it and the word before."""
    return word.group(0)[0].isupper() and text[word.start() - 1 : word.start()] == " "


def another_number(text: str, chance: int) -> str:
    """A different number that looks alike: a year some years off, else one digit changed."""
    if re.fullmatch(r"\d{4}", text):
        years = (-1) ** (chance % 2) * (2 + chance // 2 % 40)
        return str(int(text) + (years if 1000 <= int(text) + years <= 9999 else -years))
    places = [i for i, c in enumerate(text) if c.isdigit()]
    place = places[chance % len(places)]
    digit = (int(text[place]) + 1 + chance // 7 % 8) % 10
    return (
        text[:place]
        + str(digit or 9 if place == 0 and text[0] != "9" else digit or 1 if place == 0 else digit)
        + text[place + 1 :]
    )


if __name__ == "__main__":
    stage_main(main, __doc__, ("pref", "teacher"))
