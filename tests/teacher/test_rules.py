"""The rules teacher and judge: sentences written by hand, and exactly the questions and answers that they must give."""

import json
import re

import pytest

from teacher.rules import judge
from teacher.rules.english import names_in, numbers_in, sentences, without_parentheses
from teacher.rules.facts import facts_of, one_of_a_kind
from teacher.rules.subject import parse_article
from teacher.rules.teacher import RulesTeacher

FRANCE = {
    "id": 1,
    "title": "France",
    "text": "France is a country in Western Europe. Its capital is Paris. France borders Spain, Italy and Germany.\n\n"
    "## Economy\n\nThe currency of France is the euro. The official language of France is French.",
}
JAPAN = {
    "id": 2,
    "title": "Japan",
    "text": "Japan is an island country in East Asia. The capital of Japan is Tokyo. The currency of Japan is the yen.",
}
PERU = {
    "id": 3,
    "title": "Peru",
    "text": "Peru is a country in South America. Lima is the capital of Peru. People in Peru pay with the sol.",
}
KENYA = {
    "id": 4,
    "title": "Kenya",
    "text": "Kenya is a country in East Africa. Its capital is Nairobi. The currency of Kenya is the Kenyan shilling.",
}
KINDS = {
    "paris": "city",
    "france": "country",
    "seine": "river",
    "marie curie": "chemist",
    "black sea": "sea",
    "germany": "country",
}


def page(text: str, title: str, kinds=KINDS):
    return parse_article({"title": title, "text": text}, kinds)


def asked(text: str, title: str, relation: str, kinds=KINDS):
    """The one fact of a relation in an article."""
    found = [f for f in facts_of(page(text, title, kinds)) if f.relation == relation]
    assert len(found) == 1, [f.relation for f in facts_of(page(text, title, kinds))]
    return found[0]


# (title, text, relation, a question that must be among the wordings, the answer)
SENTENCES = [
    ("France", FRANCE["text"], "definition", "What is France?", "France is a country in Western Europe."),
    ("France", FRANCE["text"], "capital", "What is the capital of France?", "The capital of France is Paris."),
    ("France", FRANCE["text"], "capital", "Which city is France's capital?", "The capital of France is Paris."),
    ("France", FRANCE["text"], "borders", "Which countries border France?", "France borders Spain, Italy and Germany."),
    ("France", FRANCE["text"], "currency", "What currency does France use?", "The currency of France is the euro."),
    ("Peru", PERU["text"], "currency", "What is the currency of Peru?", "The currency of Peru is the sol."),
    (
        "Netherlands",
        "The Netherlands is a country in Europe. Amsterdam is the capital and largest city of the Netherlands.",
        "capital",
        "What is the Netherlands' capital?",
        "The capital of the Netherlands is Amsterdam.",
    ),
    (
        "Gold",
        "Gold is a chemical element with the symbol Au and the atomic number 79. Much gold is mined in China.",
        "chemical symbol",
        "What is the symbol for gold?",
        "The chemical symbol of gold is Au.",
    ),
    (
        "Gold",
        "Gold is a chemical element with the symbol Au and the atomic number 79. Much gold is mined in China.",
        "atomic number",
        "What is the atomic number of gold?",
        "The atomic number of gold is 79.",
    ),
    (
        "Danube",
        "The Danube is a river in Europe. It flows into the Black Sea.",
        "flows into",
        "What does the Danube flow into?",
        "The Danube flows into the Black Sea.",
    ),
    (
        "Danube",
        "The Danube is a river in Europe. The Danube is about 2,850 kilometres (1,770 mi) long.",
        "length",
        "How long is the Danube?",
        "The length of the Danube is about 2,850 kilometres.",
    ),
    (
        "Ada Lovelace",
        "Ada Lovelace (10 December 1815 – 27 November 1852) was an English mathematician. She wrote about a machine "
        "of Charles Babbage.",
        "born when",
        "When was Ada Lovelace born?",
        "Ada Lovelace was born on 10 December 1815.",
    ),
    (
        "Ada Lovelace",
        "Ada Lovelace (10 December 1815 – 27 November 1852) was an English mathematician. She wrote about a machine "
        "of Charles Babbage.",
        "died when",
        "When did Ada Lovelace die?",
        "Ada Lovelace died on 27 November 1852.",
    ),
    (
        "Otto Hahn",
        "Otto Hahn was a chemist from Germany. He was born in Frankfurt in 1879.",
        "born in",
        "Where was Otto Hahn born?",
        "Otto Hahn was born in Frankfurt.",
    ),
    (
        "Otto Hahn",
        "Otto Hahn was a chemist from Germany. He was born in Frankfurt in 1879.",
        "born when",
        "In which year was Otto Hahn born?",
        "Otto Hahn was born in 1879.",
    ),
    (
        "Radium",
        "Radium is a chemical element. Marie Curie discovered radium in 1898. Much radium is radioactive.",
        "discovered by",
        "Who discovered radium?",
        "Radium was discovered by Marie Curie.",
    ),
    (
        "Radium",
        "Radium is a chemical element. Marie Curie discovered radium in 1898. Much radium is radioactive.",
        "discovered when",
        "When was radium discovered?",
        "Radium was discovered in 1898.",
    ),
    (
        "Telephone",
        "The telephone is a device. The telephone was invented by Alexander Graham Bell in 1876. Many a telephone "
        "rings.",
        "invented by",
        "By whom was the telephone invented?",
        "The telephone was invented by Alexander Graham Bell.",
    ),
    (
        "Jane Austen",
        "Jane Austen was an English writer. It was Jane Austen who wrote Emma.",
        "written by",
        "Who wrote Emma?",
        "Emma was written by Jane Austen.",
    ),
    (
        "Finland",
        "Finland is a country. Finland has more than 100,000 lakes.",
        "number of lakes",
        "How many lakes does Finland have?",
        "Finland has more than 100,000 lakes.",
    ),
    (
        "Lion",
        "The lion is a mammal. A young lion is called a cub. The lion eats meat.",
        "young",
        "What is a young lion called?",
        "A young lion is called a cub.",
    ),
    (
        "Japan",
        "Japan is a country. The highest mountain in Japan is Mount Fuji.",
        "highest mountain in",
        "What is the highest mountain in Japan?",
        "The highest mountain in Japan is Mount Fuji.",
    ),
    (
        "Austria",
        "Austria is a country. The Grossglockner is the highest mountain of Austria.",
        "highest mountain of",
        "Name the highest mountain of Austria.",
        "The Grossglockner is the highest mountain of Austria.",
    ),
    (
        "Samoa",
        "Samoa is a country. Samoa became independent from New Zealand in 1962.",
        "when become",
        "When did Samoa become independent from New Zealand?",
        "Samoa became independent from New Zealand in 1962.",
    ),
    (
        "Berlin",
        "Berlin is a city in Germany. The Berlin Wall divided the city from 1961 to 1989.",
        "when divide",
        "When did the Berlin Wall divide Berlin?",
        "The Berlin Wall divided Berlin from 1961 to 1989.",
    ),
    (
        "Radium",
        "Radium is a chemical element. Radium is named after the Latin word for ray. Much radium is radioactive.",
        "named after",
        "What is radium named after?",
        "Radium is named after the Latin word for ray.",
    ),
    (
        "Paris",
        "Paris, a city on the Seine, is the capital of France.",
        "capital",
        "What is the capital of France?",
        "The capital of France is Paris.",
    ),
    (
        "Brooklyn",
        "Brooklyn is a framework for modelling, deploying and managing programs.",
        "definition",
        "What is Brooklyn?",
        "Brooklyn is a framework for modelling, deploying and managing programs.",
    ),
    (
        "Cell",
        "A cell is a room in which a monk lives. Each cell has a door.",
        "definition",
        "What is a cell?",
        "A cell is a room in which a monk lives.",
    ),
    (
        "Cocoa",
        "Cocoa is a bitter, usually brown powder. Some cocoa comes from Ghana.",
        "definition",
        "What is cocoa?",
        "Cocoa is a bitter, usually brown powder.",
    ),
    (
        "Jane Austen",
        "Jane Austen was an English writer. Sense and Sensibility was written by Jane Austen.",
        "written by",
        "Who wrote Sense and Sensibility?",
        "Sense and Sensibility was written by Jane Austen.",
    ),
    (
        "Diamond",
        "The diamond is a gemstone. Its colour is clear. Every diamond is hard.",
        "definition",
        "What is the diamond?",
        "The diamond is a gemstone.",
    ),
]


@pytest.mark.parametrize("title, text, relation, question, answer", SENTENCES)
def test_a_sentence_gives_this_question_and_answer(title, text, relation, question, answer):
    fact = asked(text, title, relation)
    assert question in fact.ask
    assert fact.answer == answer


def test_wordings_differ_and_end_well():
    for fact in facts_of(page(FRANCE["text"], "France")):
        assert len(set(fact.ask)) == len(fact.ask) >= 2
        assert all(q[0].isupper() and q.endswith(("?", ".")) and "{" not in q for q in fact.ask)
        assert fact.value in fact.answer


def test_what_a_sentence_gives_backwards_and_with_a_pronoun():
    capital = asked(FRANCE["text"], "France", "capital")
    assert (
        "Which country has the capital Paris?" in capital.back
        and capital.back_answer == "Paris is the capital of France."
    )
    assert "What is its capital?" in capital.follow
    curie = asked("Otto Hahn was a chemist from Germany. He was born in Frankfurt in 1879.", "Otto Hahn", "born in")
    assert "Where was he born?" in curie.follow


# Sentences that lean on something outside themselves, or that say too little: nothing may come of them.
@pytest.mark.parametrize(
    "title, text",
    [
        (
            "France",
            "France is X. In the north there are hills. It was founded by Clovis in 481.",
        ),  # It: the sentence before is about hills
        ("Rome", "Rome is X. Julius Caesar crossed a river. He was killed in 44 BC."),  # He: not the city
        ("Rome", "Rome is X. The former was built in 1870."),
        ("Rome", "Rome is X. This happened in 1870 in Rome."),
        ("Rome", "Rome is X. It is known that the hills were settled in 700 BC."),
        ("Otto Hahn", "Otto Hahn is X. Hahn may have been born in Paris in 1870."),  # not certain
        ("Rome", "Rome is X. Smith built the wall in 1870."),  # Smith who?
        ("Rome", "Rome is X. The company was founded by Anna Berg in 1990."),  # which company?
        ("Rome", "Rome is X. Anna Berg became head of the company in 1969."),
        ("Rome", "Rome is X. Anna Berg and the company was sold were in Rome in 1969."),
        ("Rome", "Rome is X. If it rains, Rome was flooded in 1969."),
        ("Rome", "Rome is X. The tower (see {{below) was built in 1870."),
        ("Rome", "Rome is X. Once the Treaty was signed in 1870, peace came."),
    ],
)
def test_a_sentence_that_does_not_stand_alone_gives_nothing(title, text):
    assert facts_of(page(text, title)) == []


def test_pronouns_mean_the_subject_only_while_it_is_spoken_of():
    text = (
        "Otto Hahn was a chemist from Germany. He was born in Frankfurt in 1879. Lise Meitner worked with Hahn. "
        "She was born in Vienna."
    )
    assert [(f.subject, f.value) for f in facts_of(page(text, "Otto Hahn")) if f.relation == "born in"] == [
        ("Otto Hahn", "Frankfurt")
    ]


def test_names_in_running_text():
    assert (
        page("Mercury is a chemical element. Most mercury is liquid.", "Mercury (element)").subject.name
        == "the element mercury"
    )
    assert (
        page("The state of Georgia lies in the United States.", "Georgia (U.S. state)").subject.name
        == "the state of Georgia"
    )
    assert page("A lion is a big cat. We saw a lion.", "Lion").subject.name == "a lion"
    assert page("English is a language that many people speak.", "English language").subject.name == "English"
    person = page(
        "Grace Brewster Hopper (1906–1992) was an American computer scientist. She wrote a compiler.", "Grace Hopper"
    ).subject
    assert (person.person, person.pronoun, person.kind) == (True, "she", "scientist")
    assert not page("Disk storage is a general category of devices.", "Disk storage").subject.person
    assert page("Prussia is X. The army of Prussia was large.", "Prussia").subject.kind == ""


def test_a_longer_name_is_not_the_subject():
    text = "Africa is a continent. South Africa became a republic in 1961."
    assert asked(text, "Africa", "when become").subject == "South Africa"


def test_sentences():
    assert sentences(
        "Dr. Anna A. Berg lives in St. Gallen. She came c. 1990. It costs 3.50 francs! Why? (A. B. said so. Twice.) "
        "Yes."
    ) == [
        "Dr. Anna A. Berg lives in St. Gallen.",
        "She came c. 1990.",
        "It costs 3.50 francs!",
        "Why?",
        "(A. B. said so. Twice.) Yes.",
    ]
    assert sentences("The symbol of carbon is C. Carbon is common. Its author is J. R. R. Tolkien. He wrote.") == [
        "The symbol of carbon is C.",
        "Carbon is common.",
        "Its author is J. R. R. Tolkien.",
        "He wrote.",
    ]
    assert without_parentheses("Rome (Roma (or so), ; it) is [sic] old (very).") == "Rome is old."
    assert without_parentheses("Rome /ˈroʊm/, in km/h and/or a / b, is old.") == "Rome, in km/h and/or a / b, is old."


def test_names_and_numbers():
    assert names_in("The river Rhine flows from Lake Constance. In Basel it turns.") == [
        "Rhine",
        "Lake",
        "Constance",
        "Basel",
    ]
    assert numbers_in("1,234 men, 5.50 euros, in 1999.") == ["1234", "5.50", "1999"]


# conversations


@pytest.fixture(scope="module")
def teacher():
    return RulesTeacher([FRANCE, JAPAN, PERU, KENYA], seed=1)


def turns(conversation):
    contents = [m["content"] for m in conversation["messages"]]
    return list(zip(contents[::2], contents[1::2]))


def test_every_fact_is_asked_once_before_any_is_asked_twice(teacher):
    answers = {f.answer for f in facts_of(page(FRANCE["text"], "France"))}
    all_of_it = teacher.conversations(FRANCE, 200, 3)
    plain = [c for c in all_of_it if c["kind"] in ("fact", "definition")]
    assert {answer for c in plain[: len(answers)] for _, answer in turns(c)} == answers
    wordings = {question for c in plain for question, answer in turns(c) if answer == "The capital of France is Paris."}
    assert 2 <= len(wordings) <= 6
    assert teacher.conversations(FRANCE, 7, 3) == all_of_it[:7]


def test_conversations_depend_on_the_seed_alone(teacher):
    assert RulesTeacher([FRANCE, JAPAN, PERU, KENYA], seed=1).conversations(FRANCE, 50, 3) == teacher.conversations(
        FRANCE, 50, 3
    )
    assert RulesTeacher([FRANCE, JAPAN, PERU, KENYA], seed=2).conversations(FRANCE, 50, 3) != teacher.conversations(
        FRANCE, 50, 3
    )


def test_wrong_guesses_are_true_elsewhere_and_denied(teacher):
    denied = [
        (q, a)
        for c in teacher.conversations(FRANCE, 200, 3)
        if c["kind"] == "yes_no"
        for q, a in turns(c)
        if a.startswith("No.")
    ]
    guesses = [re.fullmatch(r"Is (\w+) the capital of France\?", q) for q, a in denied]
    guessed = [m[1] for m in guesses if m]
    assert guessed and set(guessed) <= {"Tokyo", "Lima", "Nairobi"}
    assert "No. The capital of France is Paris." in {a for _, a in denied}


def test_a_wrong_guess_at_a_date_is_as_exact_as_the_date():
    """'Was he born in April 29, 1970?' is no English."""
    people = [
        ("Ada Grey", "in 1815"),
        ("Ben Hill", "on 29 April 1870"),
        ("Carl Ives", "on 3 May 1901"),
        ("Dora Jones", "in 1799"),
        ("Emil Kent", "on 1 June 1850"),
        ("Fay Lane", "in 1820"),
    ]
    articles = [
        {
            "id": k,
            "title": name,
            "text": f"{name} was an English painter. {name} was born {when}. {name} painted many birds.",
        }
        for k, (name, when) in enumerate(people)
    ]
    checks = [
        q
        for article in articles
        for c in RulesTeacher(articles, 1).conversations(article, 100, 3)
        if c["kind"] == "yes_no"
        for q, _ in turns(c)
        if " born " in q
    ]
    assert len(checks) >= 12
    assert all(re.search(r" born (?:in \d{4}|on \d+ \w+ \d{4})\?", q) for q in checks), checks


def test_a_name_that_ends_like_a_direction_is_a_name():
    assert (
        asked("Switzerland is a country in Europe. The capital of Switzerland is Bern.", "Switzerland", "capital").value
        == "Bern"
    )


@pytest.mark.parametrize(
    "title, text",
    [
        (
            "Alabama",
            "Alabama is a state. Alabama is located in the Southeastern and Deep Southern regions of the United "
            "States.",
        ),
        ("Slide", "Slide is a program. Slide was written in Java."),
    ],
)
def test_what_is_cut_off_or_no_place_is_no_answer_to_where(title, text):
    assert not [q for f in facts_of(page(text, title, {"java": "island"})) for q in f.ask if "here" in q]


def test_a_value_that_two_subjects_share_is_not_asked_backwards():
    spain = {"id": 9, "title": "Spain", "text": "Spain is a country in Europe. Its capital is Paris."}
    for article in (FRANCE, spain):
        kinds = [c["kind"] for c in RulesTeacher([FRANCE, spain], seed=1).conversations(article, 200, 3)]
        assert "fact" in kinds and not [
            q
            for c in RulesTeacher([FRANCE, spain], 1).conversations(article, 200, 3)
            if c["kind"] == "reverse"
            for q, _ in turns(c)
            if "capital" in q
        ]
    assert any(
        "capital" in q
        for c in RulesTeacher([FRANCE], 1).conversations(FRANCE, 200, 3)
        if c["kind"] == "reverse"
        for q, _ in turns(c)
    )


def test_follow_ups_say_it_only_after_the_subject_was_named(teacher):
    several = [c for c in teacher.conversations(FRANCE, 200, 3) if c["kind"] == "multi_turn"]
    assert several
    for conversation in several:
        (first, _), *rest = turns(conversation)
        assert "France" in first and len(rest) >= 1 and len(rest) <= 2
        assert all(re.search(r"\bit\b|\bits\b", question) for question, _ in rest)


def test_an_article_of_nothing_gives_nothing(teacher):
    for text in ("", "## Heading", "- a\n- b", "x", "It is.", "!!! ??? ..."):
        assert teacher.conversations({"id": 5, "title": "Nothing", "text": text}, 10, 3) == []


# the judge

QUESTION, REFERENCE = "What is the capital of France?", "The capital of France is Paris."


def test_the_judge_prefers_the_true_the_short_and_the_finished():
    order = ["The capital of France is Paris.", "The capital of France is Paris", "The capital of France is Rome.", ""]
    scores = [judge.score(QUESTION, REFERENCE, answer) for answer in order]
    assert scores[0] == 1.0 and scores == sorted(scores, reverse=True) and len(set(scores[:3])) == 3
    assert judge.score(QUESTION, REFERENCE, "Paris.") == 1.0
    rambling = "The capital of France is Paris. " * 6
    assert judge.score(QUESTION, REFERENCE, rambling) < 1
    assert judge.score("When?", "It opened in 1889.", "It opened in 1889.") > judge.score(
        "When?", "It opened in 1889.", "It opened in 1889 and 1890."
    )
    assert judge.score("Is it?", "No. It is Paris.", "No. It is Paris.") > judge.score(
        "Is it?", "No. It is Paris.", "Yes. It is Paris."
    )


def test_verdicts_do_not_depend_on_the_order():
    answers = ["The capital of France is Paris.", "The capital of France is Rome.", "Paris.", "", "It is big."]
    for first in answers:
        for second in answers:
            swapped = {"A": "B", "B": "A", "tie": "tie"}[judge.compare(QUESTION, REFERENCE, second, first)]
            assert judge.compare(QUESTION, REFERENCE, first, second) == swapped
    assert judge.compare(QUESTION, REFERENCE, answers[0], answers[1]) == "A"


# at scale


def test_the_facts_of_the_miniwiki_are_found(miniwiki):
    """Of the facts that the mini-wiki is known to state, nearly all must be asked for, the answer holding the object
    that the question does not.
    """
    truth = json.loads((miniwiki / "miniwiki-truth.json").read_text(encoding="utf-8"))
    articles = [
        {"id": a["id"], "title": a["title"], "text": "\n\n".join(a["sentences"])}
        for a in truth["articles"]
        if a["expect"] == "keep" and a.get("sentences")
    ]
    kinds = {page.subject.name.lower(): page.subject.kind for page in (parse_article(a, {}) for a in articles)}
    by_word: dict[str, list] = {}
    for article in articles:
        for fact in facts_of(parse_article(article, kinds)):
            for questions, answer in ((fact.ask, fact.answer), (fact.back, fact.back_answer)):
                for word in set(re.findall(r"\w+", " ".join(questions).lower())):
                    by_word.setdefault(word, []).append((" ".join(questions), answer))
    facts = truth["facts"]
    found = sum(
        any(
            f["subject"].lower().removeprefix("the ") in questions.lower()
            and any(re.search(rf"(?i)\b{re.escape(o)}\b", answer) for o in [f["object"], *f["aliases"]])
            for questions, answer in by_word.get(
                min(re.findall(r"\w+", f["subject"].lower()), key=lambda w: len(by_word.get(w, ()))), []
            )
        )
        for f in facts
    )
    assert len(facts) > 2000 and found / len(facts) > 0.97, f"{found} of {len(facts)}"


@pytest.mark.parametrize(
    "several, one",
    [
        ("noble gases", "noble gas"),
        ("transition metals", "transition metal"),
        ("finches", "finch"),
        ("horses", "horse"),
    ],
)
def test_one_of_several_is_named_by_its_singular(several, one):
    assert one_of_a_kind(several, f"Neon belongs to the {several}.") == one
    assert one_of_a_kind(several, "said otherwise") == several
