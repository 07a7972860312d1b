"""Ask a served model 100 questions about facts of the mini-wiki and grade the answers: the demo's examination.

miniwiki-truth.json + a server's /v1/chat/completions -> a table, and with --json a file of every question and answer

    python scripts/bench/quiz.py --url http://127.0.0.1:8080
    python scripts/bench/quiz.py --url http://127.0.0.1:8080 --train data/sft/train.jsonl --json reports/quiz.json
    python scripts/bench/quiz.py --url http://127.0.0.1:8080 --turns 3      # three questions a conversation
    python scripts/bench/quiz.py --url http://127.0.0.1:8080 --exam         # and all else that a chat model meets

--exam asks the same questions in lower case, in capitals, with a typo, between hi and thanks ..., in other people's
words, as second and third of a conversation, looked up where the server has an index, about names that nobody has,
and then what is in exam/: everyday, company, false premises, texts. Its table comes before the quiz's own result. The
wordings are the quiz's own: one that occurs in the training conversations is replaced by another of the same relation.
An answer is right when the fact is in it; point --url at different servers to compare checkpoints.
"""

import argparse
import json
import random
import re
import sys
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]
import pipeline.ctrl_c  # noqa: E402  first, for as long as the others take

import requests  # noqa: E402

from pipeline.ending import Parser, script_main  # noqa: E402
from scripts.bench import exam  # noqa: E402

AT_ONCE = 8  # questions of the exam in flight: the server answers them side by side
WORST = 5  # relations named in the exam's table

# {S} is the subject of the fact. Every wording names its subject and asks for one thing only.
WORDINGS = {
    "capital": (
        "Tell me the capital city of {S}.",
        "Which city serves as the capital of {S}?",
        "Please name the capital city of {S}.",
    ),
    "capital_of": (
        "{S} is the capital city of what country?",
        "Which country has {S} as its capital city?",
        "Please name the country whose capital is {S}.",
    ),
    "continent": (
        "Please name the continent of {S}.",
        "{S} lies on what continent?",
        "On what continent would I find {S}?",
    ),
    "currency": (
        "Please give the currency of {S}.",
        "With what money do people pay in {S}?",
        "Please tell me which currency {S} uses.",
    ),
    "official_language": (
        "Which language is official in {S}?",
        "Please give the official language of {S}.",
        "What language is the official one in {S}?",
    ),
    "city_country": (
        "Please name the country of the city {S}.",
        "The city of {S} is in what country?",
        "Which country does the city of {S} belong to?",
    ),
    "state_capital": (
        "Tell me the capital city of {S}.",
        "Which city serves as the capital of {S}?",
        "Please name the capital city of {S}.",
    ),
    "state_largest_city": (
        "Please give the largest city in {S}.",
        "Tell me which city is the largest in {S}.",
        "Which city in {S} is the largest one?",
    ),
    "state_nickname": (
        "By what nickname is {S} known?",
        "Please give the nickname of {S}.",
        "Please tell me the nickname that {S} has.",
    ),
    "state_year": (
        "Please give the year in which {S} became a state.",
        "Tell me in what year {S} became a state.",
        "Please tell me the year in which {S} became a state.",
    ),
    "river_mouth": (
        "Please tell me where {S} flows into.",
        "Into what water does {S} flow?",
        "Which sea, ocean or river does {S} flow into?",
    ),
    "mountain_height": (
        "How many metres high is {S}?",
        "Please give the height of {S} in metres.",
        "Tell me how many metres high {S} is.",
    ),
    "mountain_country": (
        "In what country does {S} stand?",
        "Please name the country in which {S} is.",
        "Which country has the mountain {S}?",
    ),
    "island_country": (
        "Which country owns {S}?",
        "Please name the country that owns {S}.",
        "Tell me which country owns {S}.",
    ),
    "symbol": (
        "Please give the chemical symbol of {S}.",
        "Which symbol stands for {S}?",
        "Tell me the symbol for {S}.",
    ),
    "element_of_symbol": (
        "{S} is the symbol of which element?",
        "Which element is written {S}?",
        "Please name the element with the symbol {S}.",
    ),
    "atomic_number": (
        "Please give the atomic number of {S}.",
        "What number does {S} have in the periodic table?",
        "Tell me which atomic number {S} has.",
    ),
    "state_of_matter": (
        "Tell me the state of matter of {S} at room temperature.",
        "Which state of matter does {S} have at room temperature?",
        "Please name the state of matter of {S} at room temperature.",
    ),
    "discovered_by": (
        "Please name the discoverer of {S}.",
        "Which person discovered {S}?",
        "Name the person who discovered {S}.",
    ),
    "discovered_in": (
        "Please give the year in which {S} was discovered.",
        "Please give the year of the discovery of {S}.",
        "In what year did the discovery of {S} take place?",
    ),
    "moon_of": (
        "Which planet has the moon {S}?",
        "Please name the planet of the moon {S}.",
        "The moon {S} moves around which planet?",
    ),
    "deed": ("Which person {S}?", "Name the person who {S}.", "Please give the name of the person who {S}."),
    "birthplace": (
        "Please give the birthplace of {S}.",
        "Please give the place where {S} was born.",
        "In what place was {S} born?",
    ),
    "birth_year": (
        "Please give the year in which {S} was born.",
        "Tell me the year of birth of {S}.",
        "In what year was {S} born?",
    ),
    "inventor": ("Please name the inventor of {S}.", "Which person invented {S}?", "Name the person who invented {S}."),
    "invention_year": (
        "Please give the year in which {S} was invented.",
        "Please give the year of the invention of {S}.",
        "In what year did the invention of {S} take place?",
    ),
    "author": ("Please name the author of {S}.", "Which writer wrote {S}?", "Name the person who wrote {S}."),
    "composer": (
        "Please name the composer of {S}.",
        "Which musician composed {S}?",
        "Name the person who composed {S}.",
    ),
    "painter": ("Please name the painter of {S}.", "Which artist painted {S}?", "Name the person who painted {S}."),
    "animal_class": (
        "To which class of animals does the {S} belong?",
        "Please tell me what kind of animal the {S} is.",
        "What class of animal is the {S}?",
    ),
    "animal_young": (
        "By what name is a young {S} known?",
        "Please give the name for a young {S}.",
        "What name has a young {S}?",
    ),
    "language_family": (
        "To which family of languages does {S} belong?",
        "Please give the language family of {S}.",
        "What family of languages does {S} belong to?",
    ),
    "instrument_family": (
        "Which family of instruments includes {S}?",
        "Please name the instrument family of {S}.",
        "Please tell me the instrument family of {S}.",
    ),
    "gem_colour": ("Of what colour is {S}?", "Please give the colour of {S}.", "In what colour does {S} come?"),
    "sport_players": (
        "How many people play in a team of {S}?",
        "Please give the number of players in a team of {S}.",
        "Tell me how many players a team of {S} has.",
    ),
    "record": ("Please name {S}.", "Please give the name of {S}.", "By what name do people know {S}?"),
}

LETTERS = str.maketrans({"ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "ß": "ss", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})


class QuizError(Exception):
    """What the user can mend: one line that says what is wrong and what to do."""


@dataclass
class Question:
    relation: str
    subject: str
    text: str
    answers: list[str]  # the object and its aliases


@dataclass
class Result:
    relation: str
    question: str
    expected: str
    answer: str
    right: bool
    stopped: bool
    turn: int  # of its conversation, from 1


def normal(text: str) -> str:
    """Lower case, no accents, no punctuation, no thousands separators; single spaces."""
    text = unicodedata.normalize("NFKD", text.lower().translate(LETTERS))
    text = "".join(c for c in text if not unicodedata.combining(c))
    text = re.sub(r"(?<=\d)[,\u202f\u00a0'](?=\d{3}(?!\d))", "", text)
    text = re.sub(r"['’]s\b", "", text)
    return " ".join(re.sub(r"(?<!\d)\.|\.(?!\d)|[^\w.]|_", " ", text).split())


def without_article(text: str) -> str:
    return re.sub(r"^(?:the|an?) ", "", text)


def contains(answer: str, fact: str) -> bool:
    """Is the fact in the answer, as whole words (and a number as a whole number)?"""
    return f" {without_article(normal(fact))} " in f" {normal(answer)} "


def grade(question: Question, answer: str) -> bool:
    if question.relation == "symbol":  # "As", "In" and "No" are words too: a symbol counts only as it is written
        return any(symbol in re.findall(r"\w+", answer) for symbol in question.answers)
    # "the dollar" must stand with its article: "the Canadian dollar" is not "the dollar".
    return any(
        f" {fact} " in f" {normal(answer)} " if re.fullmatch(r"the [a-z]+", fact) else contains(answer, fact)
        for fact in question.answers
    )


def clear_facts(facts: list[dict]) -> dict[str, list[dict]]:
    """By relation, the facts with one right answer that have wordings."""
    objects: dict[tuple[str, str], set[str]] = {}
    for fact in facts:
        objects.setdefault((fact["relation"], normal(fact["subject"])), set()).add(fact["object"])
    clear: dict[str, list[dict]] = {}
    for fact in facts:
        if fact["relation"] not in WORDINGS or len(objects[fact["relation"], normal(fact["subject"])]) > 1:
            continue
        if fact["relation"] == "moon_of" and (fact["object"] == "Pluto" or fact["subject"].startswith("the ")):
            continue  # Pluto is no planet, and "the moon the Moon" is no question
        if any(contains(fact["subject"], answer) for answer in (fact["object"], *fact["aliases"])):
            continue  # Mexico City for Mexico: the question would hold its answer
        clear.setdefault(fact["relation"], []).append(fact)
    return clear


def user_messages(train: Path) -> set[str]:
    """What users say in the training conversations, normalised."""
    said: set[str] = set()
    try:
        with open(train, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    said.update(normal(m["content"]) for m in json.loads(line)["messages"] if m["role"] == "user")
                except (ValueError, KeyError, TypeError):
                    raise QuizError(f'{train}:{number}: not a conversation with "messages"') from None
    except OSError as error:
        raise QuizError(
            f"{train}: {error.strerror or error}; give the file that gen_sft_data.py wrote to --train"
        ) from None
    return said


def used_in(wording: str, subjects: set[str], said: set[str]) -> str | None:
    """A training message that is this wording about some subject, or None. The subject is masked: any will do, but a
    wording with hardly a word of its own counts only with a subject that the quiz knows."""
    head, tail = (normal(part) for part in wording.replace("{S}", "\n").split("\n"))
    few = len(f"{head} {tail}".split()) < 3
    for message in said:
        if not (message.startswith(head) and message.endswith(tail) and len(message) > len(head) + len(tail)):
            continue
        middle = message[len(head) : len(message) - len(tail)].strip()
        if middle and (without_article(middle) in subjects if few else len(middle.split()) <= 8):
            return message
    return None


def subjects_of(facts: list[dict]) -> set[str]:
    """The subjects of a relation's facts, as used_in() compares them."""
    return {without_article(normal(fact["subject"])) for fact in facts}


def fresh_wordings(relations: dict[str, list[dict]], said: set[str]) -> tuple[dict[str, list[str]], list[str]]:
    """The wordings of each relation that no training conversation uses, and a line about each that one does."""
    fresh: dict[str, list[str]] = {}
    replaced = []
    for relation, facts in relations.items():
        subjects = subjects_of(facts)
        fresh[relation] = []
        for wording in WORDINGS[relation]:
            used = used_in(wording, subjects, said)
            if used:
                replaced.append(f'{relation}: "{wording}" is in the training conversations ("{used}"); not asked')
            else:
                fresh[relation].append(wording)
        if not fresh[relation]:
            raise QuizError(
                f"every wording of '{relation}' occurs in the training conversations; "
                "give WORDINGS in scripts/bench/quiz.py another one"
            )
    return fresh, replaced


def draw(relations: dict[str, list[dict]], wordings: dict[str, list[str]], n: int, seed: int) -> list[Question]:
    """n questions, the relations in turn, so that each has its share; the same for the same seed and facts."""
    rng = random.Random(seed)
    left = {
        relation: sorted(facts, key=lambda f: (f["subject"], f["object"]))
        for relation, facts in sorted(relations.items())
    }
    for facts in left.values():
        rng.shuffle(facts)
    questions: list[Question] = []
    while len(questions) < n and any(left.values()):
        turn = [relation for relation in left if left[relation]]
        rng.shuffle(turn)
        for relation in turn[: n - len(questions)]:
            fact = left[relation].pop()
            text = rng.choice(wordings[relation]).replace("{S}", fact["subject"])
            questions.append(
                Question(relation, fact["subject"], text[:1].upper() + text[1:], [fact["object"], *fact["aliases"]])
            )
    if len(questions) < n:
        raise QuizError(f"there are only {len(questions)} clear facts; ask for at most that many with --n")
    return questions


def ask(url: str, messages: list[dict], lookup: str = "off") -> tuple[str, bool]:
    """The server's next answer in a conversation, and whether it stopped by itself."""
    try:
        reply = post(url, messages, lookup)
        reply.raise_for_status()
        choice = reply.json()["choices"][0]
        return choice["message"]["content"] or "", choice["finish_reason"] == "stop"
    except (requests.RequestException, ValueError, KeyError, IndexError, TypeError) as error:
        raise QuizError(
            f"{url} does not answer as a chat server ({type(error).__name__}); start one with python src/serve.py"
        ) from None


def post(url: str, messages: list[dict], lookup: str) -> requests.Response:
    """lookup: off, from memory; or auto, where it looks_up()"""
    body = {"messages": messages, "temperature": 0, "max_tokens": 64} | ({} if lookup == "off" else {"lookup": lookup})
    return requests.post(f"{url.rstrip('/')}/v1/chat/completions", timeout=120, json=body)


def looks_up(url: str) -> bool:
    """Whether the server has something to look up in; one that does not know the word has no sources either."""
    try:
        return "sources" in post(url, [{"role": "user", "content": "What is gold?"}], "auto").json()
    except (requests.RequestException, ValueError):
        return False


def examine(url: str, questions: list[Question], turns: int) -> list[Result]:
    """Ask them all, `turns` after one another in each conversation."""
    results: list[Result] = []
    messages: list[dict] = []
    for number, question in enumerate(questions):
        turn = number % turns
        messages = [*messages[: 2 * turn], {"role": "user", "content": question.text}]
        answer, stopped = ask(url, messages)
        messages.append({"role": "assistant", "content": answer})
        results.append(
            Result(
                question.relation,
                question.text,
                question.answers[0],
                answer,
                grade(question, answer),
                stopped,
                turn + 1,
            )
        )
    return results


def examine_more(url: str, questions: list[Question], facts: list[dict], seed: int, said: set[str]) -> list[Result]:
    """The exam's other parts; a result's relation is the part's name. said: what users say in the training."""
    subjects = {relation: subjects_of(of) for relation, of in clear_facts(facts).items()}
    talk = [*exam.company("everyday"), *exam.company(), *exam.premises(facts, seed), *exam.passages()]
    talk += [exam.Item("unknown names", text, exam.DENIES) for text in exam.unheard(questions)]
    others = exam.in_other_words(questions, lambda relation, text: not used_in(text, subjects[relation], said), seed)
    items = [*exam.reworded(questions), *others, *(exam.looked_up(questions) if looks_up(url) else ()), *talk]

    def one(item: exam.Item) -> Result:
        answer, stopped = ask(url, item.messages, item.lookup)
        if item.values:
            right = grade(Question(item.relation, "", item.text, list(item.values)), answer)
        else:
            right = bool(re.search(item.expected, answer, re.IGNORECASE))
        return Result(item.part, item.text, item.expected, answer, right, stopped, 1)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(one, items))
    later = [r for r in examine(url, questions, 3) if r.turn > 1]
    for result in later:
        result.relation = "second and third turn"
    return results + later


def exam_table(asked: list[Result], more: list[Result]) -> tuple[dict[str, list[int]], str]:
    """-> ({part: [right, asked]}, the table with the quiz's worst relations and some wrong answers of each part)"""
    parts: dict[str, list[int]] = {"as is": [sum(r.right for r in asked), len(asked)]}
    for result in more:
        counted = parts.setdefault(result.relation, [0, 0])
        counted[0] += result.right
        counted[1] += 1
    lines = [f"{'part':24} right  asked      %"]
    lines += [f"{part:24} {right:5} {n:6} {100 * right / n:6.1f}" for part, (right, n) in parts.items()]
    by_relation = sorted(summary(asked)["by_relation"].items(), key=lambda item: (item[1][0] / item[1][1], -item[1][1]))
    worst = [f"{relation} {right} of {n}" for relation, (right, n) in by_relation[:WORST] if right < n]
    lines += ["", "worst relations, as is: " + (", ".join(worst) or "none wrong"), "", "wrong answers:"]
    for part in parts:
        wrong = [r for r in more if r.relation == part and not r.right]
        lines += [
            f"  {part}: {' '.join(r.question.split())}\n      said: {' '.join(r.answer.split())}" for r in wrong[:WORST]
        ]
    return parts, "\n".join(lines) + "\n"


def summary(results: list[Result]) -> dict:
    share = lambda chosen: 100 * sum(chosen) / len(results)
    by_relation: dict[str, list[int]] = {}
    for result in results:
        counted = by_relation.setdefault(result.relation, [0, 0])
        counted[0] += result.right
        counted[1] += 1
    by_turn = [[r.right for r in results if r.turn == turn] for turn in range(1, max(r.turn for r in results) + 1)]
    return {
        "asked": len(results),
        "percent_right": share(r.right for r in results),
        "percent_stopped": share(r.stopped for r in results),
        "by_relation": dict(sorted(by_relation.items())),
        "by_turn": [[sum(right), len(right)] for right in by_turn],
    }


def report(results: list[Result], figures: dict) -> str:
    lines = [f"{'relation':20} right  asked"]
    lines += [f"{relation:20} {right:5} {asked:6}" for relation, (right, asked) in figures["by_relation"].items()]
    wrong = [r for r in results if not r.right]
    if wrong:
        lines += ["", "wrong answers:"]
        lines += [
            f"  {r.question}\n      said:     {' '.join(r.answer.split())}\n      expected: {r.expected}" for r in wrong
        ]
    running_on = [r for r in results if not r.stopped]
    if running_on:
        lines += ["", "did not stop by itself:"] + [f"  {r.question}" for r in running_on]
    turns = figures["by_turn"]
    by_turn = ["by turn: " + ", ".join(f"{right} of {asked}" for right, asked in turns)] if len(turns) > 1 else []
    return "\n".join(
        [
            *lines,
            "",
            f"right:   {figures['percent_right']:5.1f} % of {figures['asked']}",
            *by_turn,
            f"stopped: {figures['percent_stopped']:5.1f} %",
        ]
    )


def load_facts(path: Path) -> list[dict]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))["facts"]
    except OSError as error:
        raise QuizError(f"{path}: {error.strerror}; make it with python scripts/miniwiki/build.py") from None
    except (ValueError, KeyError, TypeError):
        raise QuizError(f"{path}: not a truth file; make it again with python scripts/miniwiki/build.py") from None


def run(args: argparse.Namespace) -> int:
    facts = load_facts(args.truth)
    relations = clear_facts(facts)
    said = user_messages(args.train) if args.train else set()
    wordings, replaced = fresh_wordings(relations, said)
    print("".join(f"{line}\n" for line in replaced), end="")
    questions = draw(relations, wordings, args.n, args.seed)
    results = examine(args.url, questions, args.turns)
    figures = summary(results)
    if args.exam:
        more = examine_more(args.url, questions, facts, args.seed, said)
        figures["parts"], table = exam_table(results, more)
        figures["exam"] = [asdict(r) for r in more]
        print(table)
        if "looked up" not in figures["parts"]:
            print("looked up: not asked, this server has nothing to look up in\n")
    print(report(results, figures))
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(
            json.dumps(
                figures | {"seed": args.seed, "results": [asdict(r) for r in results]}, ensure_ascii=False, indent=1
            )
            + "\n",
            encoding="utf-8",
        )
    return 0 if figures["percent_right"] >= args.min_percent else 1


def main() -> int:
    parser = Parser(description=__doc__.split("\n")[0])
    parser.add_argument("--url", required=True, help="the server, such as http://127.0.0.1:8080")
    parser.add_argument("--truth", type=Path, default=ROOT / "data/raw/miniwiki-truth.json", help="what build.py wrote")
    parser.add_argument("--train", type=Path, help="training conversations; no wording in them is asked")
    parser.add_argument("--n", type=int, default=100, help="questions")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--turns", type=int, default=1, help="questions a conversation, each about something else")
    parser.add_argument("--exam", action="store_true", help="ask all the other parts, too")
    parser.add_argument("--json", type=Path, help="write every question and answer here")
    parser.add_argument("--min-percent", type=float, default=80, help="exit 1 when fewer answers are right")
    args = parser.parse_args()
    if args.n < 1 or args.turns < 1:
        parser.error("--n and --turns must be at least 1")
    try:
        return run(args)
    except QuizError as error:
        print(f"quiz: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    script_main(main)
