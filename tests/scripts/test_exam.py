"""scripts/bench/exam.py: its wordings are new to every model, and its parts are graded as they should be."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from gpt import chat
from scripts.bench import exam, quiz
from teacher import limits, wordings


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:['’][^\W_]+)*", text.lower())


def grams(said: list[str]) -> set[tuple[str, ...]]:
    return {tuple(said[i : i + 4]) for i in range(len(said) - 3)}


def spoken(text: str) -> list[str]:
    return words(re.sub(r"\{\w+\}", " SLOT ", text))


def test_no_wording_shares_four_words_in_a_row_with_training():
    asked = [item.text for item in exam.company()]
    asked += [text for part in exam.sections("premises") for _, text in part.lines]
    assert len(asked) >= 60
    whole, wanted = {text.lower() for text in asked}, set().union(*(grams(spoken(text)) for text in asked))
    patterns = [
        part
        for name in ("company", "limits", "typing", "passage")
        for section, lines in wordings.load(name).items()
        for line in (limits.patterns(section) if name == "limits" else lines.get(">", ()))
        for part in line.split(" | ")
    ]
    assert len(patterns) > 3000
    for pattern in patterns:
        said = set(spoken(pattern))
        # expanded only if it has all the words of what is looked for: its options make millions of wordings
        if any(said.issuperset(gram) for gram in wanted) or any(said.issuperset(spoken(text)) for text in whole):
            for text in wordings.expansions(pattern):
                assert text.lower() not in whole
                assert not grams(spoken(text)) & wanted, text


FACTS = [{"relation": "capital", "subject": f"Land{i}", "object": f"Town{i}", "aliases": []} for i in range(9)] + [
    {"relation": "birth_year", "subject": f"Person{i}", "object": str(1800 + i), "aliases": []} for i in range(9)
]
for relation in (
    "currency",
    "discovered_by",
    "inventor",
    "author",
    "painter",
    "composer",
    "birthplace",
    "continent",
    "river_mouth",
):
    FACTS += [
        {"relation": relation, "subject": f"Thing{relation}{i}", "object": f"Value{i}", "aliases": []} for i in range(5)
    ]


def test_a_false_premise_is_false():
    true = {(f["subject"], f["object"]) for f in FACTS}
    items = exam.premises(FACTS, 7)
    assert len(items) >= 24 and items == exam.premises(FACTS, 7)
    for item in items:
        assert "{" not in item.text
        subject = next((s for s in {f["subject"] for f in FACTS} if re.search(rf"\b{s}\b", item.text)), None)
        assert subject and not any(re.search(rf"\b{o}\b", item.text) for s, o in true if s == subject)


@pytest.mark.parametrize(
    "answer, denies",
    [
        ("Lyon is not the capital of France.", True),
        ("No, he never did.", True),
        ("I do not know anything about it.", True),
        ("It isn't.", True),
        ("Lyon became the capital in 1901.", False),
        ("Nothing Hill is a notable place.", True),
        ("The notable Nora Knots knows it.", False),
    ],
)
def test_what_denies(answer, denies):
    assert bool(re.search(exam.DENIES, answer, re.IGNORECASE)) is denies


def test_the_rewordings_of_a_question():
    question = quiz.Question("capital", "France", "What is the capital of France?", ["Paris"])
    items = {item.part: item for item in exam.reworded([question])}
    assert {part: item.text for part, item in items.items()} == {
        "lower case": "what is the capital of france?",
        "no question mark": "What is the capital of France",
        "capitals": "WHAT IS THE CAPITAL OF FRANCE?",
        "one typo": "What is the captial of France?",
        "hi": "Hi! What is the capital of France?",
        "thanks": "What is the capital of France? Thanks!",
        "system prompt": "What is the capital of France?",
    }
    assert [m["role"] for m in items["system prompt"].messages] == ["system", "user"]
    assert all(item.values == ("Paris",) for item in items.values())


def test_texts_to_read_have_the_form_that_fine_tuning_has():
    items = exam.passages()
    assert len(items) >= 30 and sum(item.expected == exam.NOT_SAID for item in items) >= 5
    for item in items:
        passage, question = item.text.split("\n\n")
        assert item.text == chat.with_passage(passage, question)
        assert not item.values or any(value.lower() in passage.lower() for value in item.values)


@pytest.fixture
def server():
    """A server that knows the towns when it is asked in small letters or as usual, and denies all the rest."""

    class Chat(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            text = body["messages"][-1]["content"]
            known = "Town" if re.search(r"Land\d|land\d", text) and "capital" in text else ""
            answer = f"It is {known}{re.search(r'(?i)land(.)', text)[1]}." if known else "That is not so."
            if self.path.startswith("/bare") and "lookup" in body:  # it has no index
                body, answer = {}, ""
            if body.get("lookup") == "auto":
                answer = answer.replace("Town1", "Nowhere").replace("not", "so")
            sources = {"sources": []} if "lookup" in body else {}
            choices = [{"message": {"content": answer}, "finish_reason": "stop"}]
            data = json.dumps({"choices": choices} | sources).encode()
            self.send_response(400 if not body else 200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Chat)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}"
    http.shutdown()
    http.server_close()


def test_the_exam_counts_each_part_and_names_the_worst_relations(server):
    lands = [f for f in FACTS if f["relation"] == "capital"]
    questions = [
        quiz.Question("capital", f["subject"], f"What is the capital of {f['subject']}?", [f["object"]]) for f in lands
    ]
    asked = quiz.examine(server, questions, 1)
    asked[0].right, asked[0].relation = False, "badly"
    parts, table = quiz.exam_table(asked, quiz.examine_more(server, questions, FACTS, 7, said={"land1 capital"}))
    assert parts["as is"] == [8, 9] and parts["lower case"] == [9, 9] and parts["capitals"] == [0, 9]
    assert parts["one typo"][1] == 9 and parts["second and third turn"] == [6, 6]
    assert parts["false premises"][0] == parts["false premises"][1] - sum(
        "capital" in item.text for item in exam.premises(FACTS, 7)
    )
    assert parts["other people's words"][1] == 9
    assert parts["looked up"] == [8, 9] and parts["unknown names"] == [9, 9]
    assert parts["unknown names, looked up"] == [0, 9]
    assert parts["everyday"][1] == len(exam.company("everyday")) >= 30
    assert parts["company"][1] == len(exam.company()) and parts["passages"][1] == len(exam.passages())
    assert "worst relations, as is: badly 0 of 1\n" in table and "capitals                     0      9    0.0" in table


def test_facts_are_asked_for_in_other_words_that_no_training_has():
    questions = [
        quiz.Question("capital", f"Land{i}", f"What is the capital of Land{i}?", [f"Town{i}"]) for i in range(9)
    ]
    wordings = [text for s in exam.sections("questions") if s.head == "capital" for _, text in s.lines]
    left = wordings[3:5]
    items = exam.in_other_words(questions, lambda relation, text: relation == "capital" and text in left, 7)
    assert len(items) == 9
    for question, item in zip(questions, items):
        assert item.text.lower() in [text.replace("{S}", question.subject).lower() for text in left]
    assert exam.in_other_words(questions, lambda relation, text: False, 7) == []


def test_every_relation_of_the_quiz_has_other_peoples_words():
    sections = {s.head: [text for _, text in s.lines] for s in exam.sections("questions")}
    assert set(sections) == set(quiz.WORDINGS)
    for relation, texts in sections.items():
        assert len(set(texts)) == len(texts) == 8 and all(text.count("{S}") == 1 for text in texts), relation
        assert not set(texts) & set(quiz.WORDINGS[relation]), relation


def test_a_server_without_an_index_is_asked_from_memory_alone(server):
    questions = [quiz.Question("capital", "Land1", "What is the capital of Land1?", ["Town1"])]
    parts, _ = quiz.exam_table(
        quiz.examine(server, questions, 1), quiz.examine_more(f"{server}/bare", questions, FACTS, 7, set())
    )
    assert parts["unknown names"] == [1, 1] and not [part for part in parts if "looked up" in part]
