"""Examine the search, and a served model that reads what it finds: is the fact among the passages, is the answer right?

    python scripts/bench/lookup.py --index demo/data/lookup/index.sqlite --truth demo/data/raw/miniwiki-truth.json
    python scripts/bench/lookup.py --index data/lookup/index.sqlite --questions scripts/bench/exam/lookup.txt
    python scripts/bench/lookup.py --index ... --truth ... --url http://127.0.0.1:8080      # asks the model, too

The questions are the quiz's hundred on the mini-wiki (--truth), or those of a file written by hand (--questions):
question, accepted answers, article. Each is asked as it is, in lower case, in capitals and with two letters swapped.
The search alone: the fact among k passages, in the first, the right article first, the score at which `auto` is best.
With --url each question is answered from memory and looked up; "reading alone" is the share of right answers among
those that had the fact before them. --clients measures searches a second and how long they take.
"""

import json
import re
import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]
import pipeline.ctrl_c  # noqa: E402  first, for as long as the others take

import requests  # noqa: E402

from pipeline.config import InputError  # noqa: E402
from pipeline.ending import FULL, Parser, script_main  # noqa: E402
from scripts.bench import exam, quiz  # noqa: E402
from wikipedia.search import GOOD, Passage, Search  # noqa: E402

WAYS = {
    "as is": lambda text, subject: text,
    "lower case": lambda text, subject: text.lower(),
    "capitals": lambda text, subject: text.upper(),
    "typo": exam.typo,
    "typo in the name": lambda text, subject: text.replace(subject, exam.typo(subject, "")) if subject else text,
}
UNSAID = rf"{exam.NOT_SAID}|{exam.DENIES}"


class Asked(NamedTuple):
    text: str
    subject: str
    answers: list[str]
    article: str  # "" where any article may answer
    relation: str


def from_truth(path: Path, n: int, seed: int) -> tuple[list[Asked], list[str]]:
    """The quiz's questions about the mini-wiki; and the same about subjects that it does not have."""
    relations = quiz.clear_facts(quiz.load_facts(path))
    questions = quiz.draw(relations, {relation: list(quiz.WORDINGS[relation]) for relation in relations}, n, seed)
    asked = [Asked(q.text, q.subject, q.answers, "", q.relation) for q in questions]
    return asked, exam.unheard(questions)


def from_file(path: Path) -> tuple[list[Asked], list[str]]:
    """exam/lookup.txt -> questions with their answers, questions that no article answers"""
    asked, unanswered, behind = [], [], False
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            behind = True
        elif behind and line:
            unanswered.append(line)
        elif line and not line.startswith("#"):
            text, answers, article = line.split("\t")
            subject = next((word for word in article.split() if len(word) > 3 and word in text), "")
            asked.append(Asked(text, subject, answers.split(" || "), article, "by hand"))
    return asked, unanswered


def has_fact(question: Asked, text: str) -> bool:
    return quiz.grade(quiz.Question(question.relation, question.subject, question.text, question.answers), text)


def holds(question: Asked, passage: Passage) -> bool:
    """Whether the answer stands in a passage; its title and section belong to it."""
    return has_fact(question, f"{passage['title']}. {passage['section']}. {passage['text']}")


def retrieval(search: Search, asked: list[Asked], unanswered: list[str], k: int) -> str:
    """The search alone: a table."""
    lines = [f"{'search':18} asked  among {k}  among 1  article 1st  above {GOOD}"]
    for way, change in WAYS.items():
        found = [search(change(q.text, q.subject), k=k) for q in asked]
        among = [sum(any(holds(q, p) for p in got[:most]) for q, got in zip(asked, found)) for most in (k, 1)]
        article = sum(bool(got) and got[0]["title"] == (q.article or got[0]["title"]) for q, got in zip(asked, found))
        above = sum(bool(got) and got[0]["score"] >= GOOD for got in found)
        shares = "".join(f"{100 * n / len(asked):9.1f}" for n in among)
        lines.append(
            f"{way:18} {len(asked):5} {shares}{100 * article / len(asked):13.1f}{100 * above / len(asked):11.1f}"
        )
    scores = [max((p["score"] for p in search(text, k=1)), default=0.0) for text in unanswered]
    none = sum(score < GOOD for score in scores)
    lines.append(f"no article answers: {none} of {len(scores)} find nothing that is good enough")
    return "\n".join(lines)


def threshold(search: Search, asked: list[Asked], unanswered: list[str]) -> str:
    """What each threshold would do: share of answerable questions kept whose first passage has the fact, share of the
    others refused."""
    right = [(got[0]["score"], holds(q, got[0])) for q in asked for got in [search(q.text, k=1)] if got]
    wrong = [max((p["score"] for p in search(text, k=1)), default=0.0) for text in unanswered]
    lines = ["threshold  kept with the fact  kept without it  unanswerable refused"]
    for step in range(6, 19):
        least = step / 20
        kept = [sum(good == has for score, has in right if score >= least) for good in (True, False)]
        lines.append(
            f"{least:9.2f}{kept[0]:15} of {len(asked)}{kept[1]:17}{sum(s < least for s in wrong):17} of {len(wrong)}"
        )
    return "\n".join(lines)


def misses(search: Search, asked: list[Asked], k: int) -> str:
    lines = [f"not among {k}, as is:"]
    for question in asked:
        found = search(question.text, k=k)
        if not any(holds(question, passage) for passage in found):
            lines.append(f"  {question.text} ({question.article}) -> {', '.join(p['title'] for p in found)}")
    return "\n".join(lines)


def speed(search: Search, texts: list[str], clients: int, seconds: float = 10.0) -> str:
    """Searches one after the other, and by so many clients at once."""
    for text in texts:
        search(text)  # files into the system's memory
    times, cpu = [], []
    for text in texts:
        began, worked = time.perf_counter(), time.process_time()
        search(text)
        times.append(1000 * (time.perf_counter() - began))
        cpu.append(1000 * (time.process_time() - worked))
    times.sort()
    end, done, waited = time.perf_counter() + seconds, [], threading.Lock()

    def client(number: int) -> None:
        n = number
        while time.perf_counter() < end:
            began = time.perf_counter()
            search(texts[n % len(texts)])
            with waited:
                done.append(1000 * (time.perf_counter() - began))
            n += clients

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(client, range(clients)))
    return (
        f"one at a time: median {statistics.median(times):.1f} ms ({statistics.median(cpu):.1f} ms of CPU), "
        f"95 % under {times[int(0.95 * len(times))]:.1f} ms\n"
        f"{clients} clients: {len(done) / seconds:.0f} searches a second, median {statistics.median(done):.0f} ms"
    )


def answer(url: str, text: str, lookup: str) -> tuple[str, list[Passage]]:
    body = {"messages": [{"role": "user", "content": text}], "temperature": 0, "max_tokens": 64, "lookup": lookup}
    reply = requests.post(f"{url.rstrip('/')}/v1/chat/completions", json=body, timeout=300)
    reply.raise_for_status()
    said = reply.json()
    return said["choices"][0]["message"]["content"], said.get("sources", [])


class Read(NamedTuple):
    """An answer of the model."""

    part: str
    question: str
    answer: str
    right: bool
    sources: list[str]  # titles
    shown: bool  # the fact stands in what it read


def reading(url: str, asked: list[Asked], unanswered: list[str]) -> tuple[str, list[dict]]:
    """The model, from memory and looked up. -> a table, every answer"""

    def one(job: tuple[str, Asked, str, str]) -> Read:
        part, question, text, lookup = job
        said, sources = answer(url, text, lookup)
        shown = any(holds(question, source) for source in sources)
        return Read(part, text, said, has_fact(question, said), [s["title"] for s in sources], shown)

    jobs = [("from memory", q, q.text, "off") for q in asked]
    for way, change in WAYS.items():
        jobs += [(f"looked up, {way}", q, change(q.text, q.subject), "auto") for q in asked]
    with ThreadPoolExecutor(quiz.AT_ONCE) as pool:
        answers = list(pool.map(one, jobs))
        refused = [said for said, _ in pool.map(lambda text: answer(url, text, "auto"), unanswered)]
    lines = [f"{'model':28} asked  right %  read something %  right source %  reading alone %"]
    for part in dict.fromkeys(a.part for a in answers):
        own = [a for a in answers if a.part == part]
        with_fact = [a for a in own if a.shown]
        alone = f"{100 * sum(a.right for a in with_fact) / len(with_fact):17.1f}" if with_fact else f"{'':17}"
        shares = [sum(a.right for a in own), sum(bool(a.sources) for a in own), len(with_fact)]
        right, read, shown = (100 * n / len(own) for n in shares)
        lines.append(f"{part:28} {len(own):5} {right:8.1f} {read:17.1f} {shown:15.1f}{alone}")
    says_so = sum(bool(re.search(UNSAID, said, re.IGNORECASE)) for said in refused)
    lines.append(f"no article answers: says so in {says_so} of {len(refused)}")
    every = [a._asdict() for a in answers]
    every += [{"part": "no article answers", "question": q, "answer": a} for q, a in zip(unanswered, refused)]
    return "\n".join(lines), every


def main() -> int:
    parser = Parser(description=__doc__.split("\n")[0])
    parser.add_argument("--index", type=Path, required=True, help="what scripts/build_index.py made")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--truth", type=Path, help="miniwiki-truth.json")
    source.add_argument("--questions", type=Path, help="a file such as scripts/bench/exam/lookup.txt")
    parser.add_argument("--k", type=int, default=3, help="passages a question")
    parser.add_argument("--n", type=int, default=100, help="questions of --truth")
    parser.add_argument("--url", help="a running server with this index: ask its model as well")
    parser.add_argument("--clients", type=int, default=0, help="measure the speed, with so many at once")
    parser.add_argument("--show", action="store_true", help="name the questions whose fact was not found")
    parser.add_argument("--json", type=Path, help="write every answer of the model here")
    args = parser.parse_args()
    try:
        search = Search(args.index)
        asked, unanswered = from_truth(args.truth, args.n, 7) if args.truth else from_file(args.questions)
        print(retrieval(search, asked, unanswered, args.k), threshold(search, asked, unanswered), sep="\n\n")
        if args.show:
            print(misses(search, asked, args.k))
        if args.clients:
            print(speed(search, [question.text for question in asked], args.clients))
        if args.url:
            table, every = reading(args.url, asked, unanswered)
            print(table)
            if args.json:
                args.json.write_text(json.dumps(every, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except (InputError, quiz.QuizError, requests.RequestException, OSError, ValueError) as error:
        if isinstance(error, BrokenPipeError) or isinstance(error, OSError) and error.errno in FULL:
            raise
        print(f"lookup: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    script_main(main)
