"""Company, limits and passages: what is said in them is true of the articles, and belongs to its question."""

import itertools
import math
import re

import pytest

from teacher import wordings
from teacher.company import company
from teacher.invented import texts, thing
from teacher.limits import Limits, told
from teacher.passages import names_of, passages
from teacher.rules.teacher import RulesTeacher

PERSONA = {
    "name": "Ada",
    "what": "a test",
    "read": "two books",
    "made": "hand",
    "language": "English",
    "limits": "I know little.",
    "until": "May 2020",
}
LANDS = {"France": "Paris", "Japan": "Tokyo", "Peru": "Lima", "Kenya": "Nairobi", "Cuba": "Havana"}
FINDS = {
    "penicillin": ("Alexander Fleming", 1928),
    "radium": ("Marie Curie", 1898),
    "oxygen": ("Joseph Priestley", 1774),
}
ARTICLES = [
    {
        "id": i,
        "title": land,
        "text": f"{land} is a country in the world. The capital of {land} is {town}. "
        f"{land} has a bridge that was built in {1800 + i}.",
    }
    for i, (land, town) in enumerate(LANDS.items(), 10)
] + [
    {
        "id": i,
        "title": name,
        "text": f"{name} is a substance. {name} was discovered by {who}. {name} was discovered in {year}.",
    }
    for i, (name, (who, year)) in enumerate(((n.capitalize(), f) for n, f in FINDS.items()), 20)
]


@pytest.fixture(scope="module")
def rules():
    return RulesTeacher(ARTICLES, seed=1)


@pytest.fixture(scope="module")
def limits(rules):
    return list(itertools.islice(Limits(rules, ARTICLES, PERSONA, 1).conversations(), 600))


def said(conversation):
    return conversation["messages"][0]["content"], conversation["messages"][1]["content"]


# company


def test_company_goes_through_all_intents_in_character():
    made = list(itertools.islice(company(PERSONA, 1), 400))
    intents = {c["kind"] for c in made}
    assert intents == {f"company/{intent}" for intent in wordings.load("company")}
    answers = {said(c)[1] for c in made if c["kind"] == "company/who_are_you"}
    assert answers == {"I am Ada, a test.", "My name is Ada. I am a test."}
    assert not any(re.search(r"[{}]", text) for c in made for text in said(c))
    assert list(itertools.islice(company(PERSONA, 1), 400)) == made
    assert list(itertools.islice(company(PERSONA, 2), 400)) != made


def test_company_does_not_repeat_itself_before_all_wordings_had_their_turn():
    intents = wordings.load("company")
    patterns = intents["poem"][">"]
    conversations = itertools.islice(company(PERSONA, 1), 2 * len(intents) * len(patterns))
    made = [said(c)[0] for c in conversations if c["kind"] == "company/poem"]
    assert len(set(made[1::2])) >= len(patterns) - 1


def test_every_second_message_is_what_most_people_say():
    intents = wordings.load("company")
    made = [
        said(c)[0] for c in itertools.islice(company(PERSONA, 1), 400 * len(intents)) if c["kind"].endswith("/thanks")
    ]
    plain = [text for text in made if re.fullmatch(r"(?:Thanks|Thank you)\.", text)]
    assert len(made) == 400 and 20 < len(plain) < 60, "2 of 10 common lines, without words around them"


@pytest.fixture(scope="module")
def wordings_of():
    """{intent: all that its patterns may say, in lower case and without what stands between the words}."""

    def bare(text):
        return " ".join(re.findall(r"[\w{}]+(?:['’]\w+)*", text.lower())) or text

    intents = wordings.load("company").items()
    return {
        intent: {bare(text) for pattern in lines[">"] for text in wordings.expansions(pattern)}
        for intent, lines in intents
    }


def test_every_intent_has_many_patterns_and_none_is_too_large_to_be_expanded():
    for intent, lines in wordings.load("company").items():
        assert len(lines[">"]) >= 40, intent
        assert len(set(lines[">"])) == len(lines[">"]), intent
        for pattern in lines[">"]:
            choices = re.findall(r"\(([^()]*)\)", pattern)
            assert math.prod(choice.count("|") + 1 for choice in choices) <= 3000, (intent, pattern)


def test_no_wording_belongs_to_two_intents(wordings_of):
    owner = {}
    for intent, said_in_it in wordings_of.items():
        for text in said_in_it:
            assert owner.setdefault(text, intent) == intent, (text, owner[text], intent)


def test_the_vocabulary_is_that_of_everyday_talk(wordings_of):
    words = {word for of in wordings_of.values() for text in of for word in text.split()}
    assert len(words) > 6000
    assert {"breakfast", "husband", "football", "doctor", "gonna", "pls", "lemme", "mum", "mom", "weekend"} <= words


def test_every_wording_is_filled_by_the_persona_and_numbers(wordings_of):
    slots = {slot for of in wordings_of.values() for text in of for slot in re.findall(r"\{(\w+)\}", text)}
    assert slots <= PERSONA.keys() | {"n", "m"}


def test_foreign_messages_and_empty_ones_stand_alone(wordings_of):
    for c in itertools.islice(company(PERSONA, 3), 1500):
        intent = c["kind"].removeprefix("company/")
        if intent in ("other_language", "empty"):
            text = " ".join(re.findall(r"[\w{}]+(?:['’]\w+)*", said(c)[0].lower()))
            text = re.sub(r"\bada\b", "{name}", text)
            assert not text or text in wordings_of[intent] or said(c)[0].rstrip(".?") in wordings_of[intent], said(c)


# limits


def of_kind(limits, name):
    found = [said(c) for c in limits if c["kind"] == f"limits/{name}"]
    assert found, name
    return found


def test_a_false_premise_is_denied_and_the_truth_told(limits):
    for question, answer in of_kind(limits, "premise"):
        denied, _, truth = answer.partition(". ")
        assert " not " in denied
        for land, town in LANDS.items():
            if f"capital of {land}" in answer:
                assert truth == f"The capital of {land} is {town}."
                assert town not in question and land in question
        for name, (who, year) in FINDS.items():
            if name in truth.lower():
                value = who if "discovered by" in truth else str(year)
                assert value in truth and value not in question


def test_a_true_premise_is_not_denied(limits):
    more = " I do not know more about that."  # 'If Paris is the capital of France, where does the president live?'
    confirmed = of_kind(limits, "confirmed")
    assert not any(re.search(r"\bnot\b|\bnever\b", answer.removesuffix(more)) for _, answer in confirmed)
    dates = [(q, a) for q, a in confirmed if not a.startswith("Yes") and not a.endswith(more)]
    assert dates  # 'When did Alexander Fleming discover penicillin?' has its year for an answer
    for question, answer in dates:
        name = next(name for name in FINDS if name in question.lower())
        assert FINDS[name][0] in question and str(FINDS[name][1]) in answer


def test_nobody_is_said_never_to_have_done_what_his_article_tells():
    armstrong = {"text": "Neil Armstrong walked on the Moon in 1969."}
    assert told("walked on the Moon", armstrong) and told("drove over the moon", armstrong)
    assert not told("played football for Brazil", armstrong)


def test_what_is_after_the_persona_was_trained_is_not_known(limits):
    for question, answer in of_kind(limits, "after"):
        assert int(re.search(r"\b20\d\d\b|\b21\d\d\b", question)[0]) > 2020
        assert answer == "I cannot know that. What I have read was written before May 2020."


def test_a_thing_that_is_not_is_not_known(limits):
    names = {"France", "Japan", "Paris"}
    for question, answer in of_kind(limits, "nonsense"):
        assert re.match(r"I (?:do not know anything|have read nothing) about .+\.$", answer)
        assert not any(re.search(rf"\b{name}\b", answer) for name in names)
        assert re.sub(r".* about |\.$", "", answer).lower() in question.lower()


# passages


def reading(rules, count=300, fits=lambda passage: len(passage) < 400):
    return list(itertools.islice(passages(ARTICLES, rules, fits, 1), count))


def test_what_is_answered_stands_in_the_passage_and_what_is_not_does_not(rules):
    made = [c for c in reading(rules) if c["kind"] == "passage/answer"]
    silent = 0
    for c in made:
        for question, answer in zip(c["messages"][::2], c["messages"][1::2]):
            if answer["content"].startswith("The text does not say"):
                silent += 1
                continue
            for part in re.findall(r"\d[\d,]*|(?<=\s)[A-Z][a-z]+", answer["content"]):
                assert part in c["passage"], (c["passage"], question, answer)
    turns = sum(len(c["messages"]) // 2 for c in made)
    assert 0.1 < silent / turns < 0.4


def test_a_passage_of_an_article_is_its_own_text_unchanged(rules):
    by_id = {a["id"]: a["text"] for a in ARTICLES}
    real = [c for c in reading(rules) if c["article_id"] in by_id and c["kind"] != "passage/compare"]
    assert real
    assert all(c["passage"] in by_id[c["article_id"]] for c in real)


def test_every_task_comes_and_lists_hold_all_and_nothing_else(rules):
    made = reading(rules, 900)
    tasks = {c["kind"].partition("/")[2] for c in made}
    assert tasks == {
        "answer",
        "title",
        "subject",
        "summarise",
        "bullets",
        "years",
        "names",
        "numbers",
        "simplify",
        "compare",
        "repeat",
    }
    for c in made:
        answer = c["messages"][1]["content"]
        if c["kind"] == "passage/years":
            assert answer == "\n".join(
                f"- {y}" for y in dict.fromkeys(re.findall(r"\b(?:1\d{3}|20\d\d)\b", c["passage"]))
            )
        if c["kind"] == "passage/summarise":
            assert c["passage"].startswith(answer) and answer.count(".") <= 2
        if c["kind"] == "passage/repeat":
            assert answer == c["passage"]
        if c["kind"] == "passage/compare":
            assert "\n\n" in c["passage"]


def test_no_passage_is_longer_than_what_fits(rules):
    assert all(len(c["passage"]) < 160 for c in reading(rules, 100, lambda passage: len(passage) < 160))


def test_invented_lives_are_in_order_and_pronouns_agree():
    for text in itertools.islice(texts(3), 600):
        born = re.search(r"was born in (\d{4})", text.passage)
        died = re.search(r"died in (\d{4})", text.passage)
        if born and died:
            assert int(born[1]) < int(died[1]) < int(born[1]) + 100
        assert not re.search(r"\{|\}", text.passage + "".join(q for asked, _ in text.said for q in asked))
        assert text.subject.lower() in text.sentences[0].lower()


def test_invented_things_differ():
    assert len({thing(1, i) for i in range(300)}) > 290


@pytest.mark.parametrize(
    "sentence, names",
    [
        ("Travellers reach Mongolia by train.", ["Mongolia"]),
        ("The capital of Mongolia is the city of Ulaanbaatar.", ["Mongolia", "Ulaanbaatar"]),
        ("It was founded by Anna Wesofield.", ["Anna Wesofield"]),
        ("Mongolia is a country in East Asia.", ["Mongolia", "East Asia"]),
    ],
)
def test_names_are_whole(sentence, names):
    assert names_of(sentence, "Mongolia") == names
