"""Tasks with a text in the user's turn: answer from it, say that it does not tell, summarise, list, compare ...

Half of the texts are parts of the articles, every second of them in disguise (disguise.py), half are invented
(invented.py), so that mostly nothing but reading gives the answer. A passage is exactly what its answer was made
from, no word changed, and at most as long as `fits` allows.
"""

import itertools
import random
import re
from collections.abc import Callable, Iterator

from pipeline.draws import shuffled
from teacher import wordings
from teacher.disguise import disguised
from teacher.invented import Text, new_name, texts
from teacher.rules.english import NAME, STOP_WORDS, names_in, sentences
from teacher.rules.fact import Fact
from teacher.rules.rewording import asked_otherwise
from teacher.rules.teacher import RulesTeacher

TURNS = 4  # questions about one text
UNSAID = 0.15  # share of questions that the text does not answer
OTHER_TASK = 0.2  # share of texts that are summarised, listed ... instead of asked about
REPEAT = 0.1  # share of texts that are to be said again, word for word: nothing is denser in copying
QUESTION_FIRST = 0.2
LONGEST = 10  # sentences of such a part
DISGUISED = 0.5  # share of the articles' texts that say other names and numbers
YEAR = re.compile(r"\b(?:1\d|20)\d\d\b")
NUMBER = re.compile(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?(?![\w])")


def passages(articles: list[dict], rules: RulesTeacher, fits: Callable[[str], bool], *key) -> Iterator[dict]:
    """Without end: in turn about a part of an article and about an invented thing.

    -> {"kind", "article_id", "passage", "question_first", "messages"}: the passage belongs to the first turn.
    """
    real, made = from_articles(articles, rules, fits, *key), ((None, t) for t in texts(*key, "invented"))
    previous: dict[bool, Text] = {}
    for place, source in enumerate(itertools.cycle((real, made))):
        article, text = next(source, (None, None))
        if text is None:  # every article has had its turn
            article, text = next(made)
        rng = random.Random("|".join(map(str, (*key, "task", place))))
        own, origin = article is not None, article["id"] if article else f"passage/invented/{place}"
        if own and rng.random() < DISGUISED:
            text, origin = disguised(text, rng), f"passage/disguised/{place}"
        if not fits(text.passage) or not text.said:
            continue
        other = previous.get(own)
        previous[own] = text
        task = rng.random()
        if task < OTHER_TASK:
            kind, passage, turns = other_task(text, other, fits, rng)
        elif task < OTHER_TASK + REPEAT:
            kind, passage, turns = again(text, not own, fits, rng)
        else:
            kind, passage, turns = "answer", text.passage, questions(text, rng)
        yield {
            "kind": f"passage/{kind}",
            "article_id": origin,
            "passage": passage,
            "question_first": rng.random() < QUESTION_FIRST,
            "messages": [
                {"role": role, "content": said} for turn in turns for role, said in zip(("user", "assistant"), turn)
            ],
        }


def questions(text: Text, rng: random.Random) -> list[tuple[str, str]]:
    """Up to TURNS questions about a text; what it leaves open is asked too."""
    said, unsaid = rng.sample(text.said, len(text.said)), rng.sample(text.unsaid, len(text.unsaid))
    turns: list[tuple[str, str]] = []
    lines = wordings.load("passage")
    for _ in range(rng.randint(1, TURNS)):
        if unsaid and (rng.random() < UNSAID or not said):
            asked, answer = unsaid.pop(), rng.choice(lines["not_said"]["<"])
        elif said:
            asked, answer = said.pop()
        else:
            break
        if turns:
            turns.append((rng.choice(asked), answer))
        else:
            question = rng.choice(asked[:-1] or asked)  # the last one leans on what was said before
            turns.append(
                (
                    wordings.fill(
                        rng.choice(lines["plain"][">"]), {"Q": question, "q": question[:1].lower() + question[1:]}
                    ),
                    answer,
                )
            )
    return turns


def again(text: Text, invented: bool, fits: Callable, rng: random.Random) -> tuple[str, str, list]:
    """-> ("repeat", passage, turns): the text is to be said again; for half of the invented texts stands a row of
    names that nobody has heard."""
    names = " ".join(new_name(rng) for _ in range(rng.randint(3, 12)))
    passage = names if invented and rng.random() < 0.5 and fits(names) else text.passage
    question = wordings.expand(rng.choice(wordings.load("passage")["repeat"][">"]), rng.getrandbits(32))
    return "repeat", passage, [(wordings.punctuated(question), passage)]


def other_task(text: Text, other: Text | None, fits: Callable, rng: random.Random) -> tuple[str, str, list]:
    """-> (task, passage, turns): one of the tasks that suit the text."""
    lines = wordings.load("passage")
    passage = text.passage
    subject = text.subject
    years, numbers = unique(YEAR.findall(passage)), unique(NUMBER.findall(passage))
    names = unique(name for sentence in text.sentences for name in names_of(sentence, subject))
    simple = " ".join(answer for _, answer in text.said)
    tasks = {"subject": f"The text is about {subject}.", "title": subject[:1].upper() + subject[1:]}
    if len(text.sentences) > 1:
        tasks["summarise"] = text.sentences[0]
        tasks["bullets"] = bullets(text.sentences)
    if years:
        tasks["years"] = bullets(years)
    if names:
        tasks["names"] = bullets(names)
    if numbers:
        tasks["numbers"] = bullets(numbers)
    if len(text.said) > 1 and simple != passage:
        tasks["simplify"] = simple
    if other and fits(f"{passage}\n\n{other.passage}") and other.subject != subject:
        tasks["compare"] = f"The first text is about {subject}, the second about {other.subject}."
    task = rng.choice(list(tasks))
    key = rng.getrandbits(32)
    question = wordings.punctuated(wordings.expand(wordings.pick(lines[task][">"], key), key))
    if other and task == "compare":
        passage = f"{passage}\n\n{other.passage}"
    return task, passage, [(question, tasks[task])]


def from_articles(articles: list[dict], rules: RulesTeacher, fits: Callable, *key) -> Iterator[tuple[dict, Text]]:
    """A part of each article with the facts that stand in it: its first paragraph, then twice some sentences in a row,
    over the ends of paragraphs, as a search cuts them."""
    for round_ in range(3):
        for article in shuffled(articles, *key, "article", round_):
            page, stated = rules.read(article)
            rng = random.Random("|".join(map(str, (*key, article["id"], round_))))
            paragraphs = [p for p in page.paragraphs if page.mention.search(p)]
            if not paragraphs:
                continue
            parts = sentences(paragraphs[0])
            if round_:
                whole = [sentence for paragraph in page.paragraphs for sentence in sentences(paragraph)]
                first = rng.randrange(len(whole))
                parts = whole[first : first + rng.randint(1, LONGEST)]
            while len(parts) > 1 and not fits(" ".join(parts)):
                parts.pop()
            passage = " ".join(parts)
            facts = [fact for fact in stated if fact.subject == page.subject.name]
            told = [fact for fact in facts if fact.source in parts or fact.source in passage]
            open_ = [f for f in facts if f not in told and f.value.lower() not in passage.lower() and f.check]
            said = [(asked_for(fact, rules, rng), fact.answer) for fact in told if holds(passage, fact.answer)]
            yield article, Text(page.subject.name, parts, said, [asked_for(fact, rules, rng) for fact in open_])


def asked_for(fact: Fact, rules: RulesTeacher, rng: random.Random) -> tuple[str, ...]:
    """Questions for a fact, half of them other than the rule's own; the last one leans on what was said before."""
    other = asked_otherwise(fact, rules.kinds)
    return *fact.ask, *rng.sample(other, min(len(other), len(fact.ask))), (fact.follow or fact.ask)[0]


def holds(passage: str, answer: str) -> bool:
    """Whether every number and name of the answer stands in the passage."""
    return all(number in passage for number in NUMBER.findall(answer)) and all(
        name.lower() in passage.lower() for name in names_in(answer)
    )


def names_of(sentence: str, subject: str) -> list[str]:
    """Names in a sentence, whole. One word that begins it is a name only if it is of the subject's."""
    found = []
    for match in re.finditer(NAME, sentence):
        name = re.sub(r"^(?:The|the) ", "", match[0])
        begins = match.start() == 0 and " " not in name and name not in subject.split()
        if not begins and name.split()[0].lower() not in STOP_WORDS:
            found.append(name)
    return found


def bullets(items: list[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def unique(items) -> list[str]:
    return list(dict.fromkeys(items))
