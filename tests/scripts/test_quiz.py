"""scripts/bench/quiz.py: what is a right answer, which wordings may be asked, and a whole run against a server."""

import argparse
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pipeline.config import load_config
from scripts.bench import quiz
from teacher.rules.teacher import RulesTeacher

ROOT = Path(__file__).resolve().parents[2]


def question(relation: str, *answers: str) -> quiz.Question:
    return quiz.Question(relation, "it", "What?", list(answers))


@pytest.mark.parametrize(
    "answers, said, right",
    [
        (["Paris"], "The capital of France is Paris.", True),
        (["Paris"], "PARIS", True),
        (["Paris"], "A Parisian.", False),
        (["São Tomé"], "It is Sao Tome.", True),
        (["Brasilia"], "It is Brasília!", True),
        (["Galdhøpiggen"], "Galdhopiggen", True),
        (["Wisława"], "wislawa", True),
        (["N'Djamena"], "N’Djamena is the capital.", True),
        (["Washington, D.C."], "It is Washington, D.C.", True),
        (["79"], "Gold has number 79.", True),
        (["79"], "Gold has number 179.", False),
        (["79"], "Gold has number 7.9.", False),
        (["7"], "It is 3.7.", False),
        (["5,895"], "It is 5895 metres high.", True),
        (["5,895"], "It is 5,895 metres high.", True),
        (["5,895"], "It is 5 metres and 895 millimetres.", False),
        (["5895"], "It is 15,895 metres high.", False),
        (["1867"], "In 1867.", True),
        (["1867"], "In 1,8670.", False),
        (["the Black Sea", "Black Sea"], "It flows into the black sea", True),
        (["Alexander Graham Bell", "Bell"], "By Bell.", True),
        (["Alexander Graham Bell", "Bell"], "By a belle.", False),
        (["Canadian dollar", "the dollar"], "They pay with the dollar.", True),
        (["Canadian dollar", "the dollar"], "They pay with the Canadian dollar.", True),
        (["Canadian dollar", "the dollar"], "They pay with the Australian dollar.", False),
        (["yen"], "", False),
        (["ottawa"], "I do not know.", False),
    ],
)
def test_an_answer_is_right_when_the_fact_stands_in_it_as_whole_words(answers, said, right):
    assert quiz.grade(question("any", *answers), said) is right


@pytest.mark.parametrize(
    "symbol, said, right",
    [
        ("Au", "The symbol of gold is Au.", True),
        ("As", "It is the same as before.", False),
        ("As", "It is As.", True),
        ("In", "In chemistry it is Sn.", True),
        ("No", "no", False),
        ("U", "The symbol is Pu.", False),
        ("Fe", "FE", False),
    ],
)
def test_a_chemical_symbol_counts_only_as_it_is_written(symbol, said, right):
    assert quiz.grade(question("symbol", symbol), said) is right


def fact(relation: str, subject: str, answer: str, *aliases: str) -> dict:
    return {"article_id": 1, "relation": relation, "subject": subject, "object": answer, "aliases": list(aliases)}


def test_only_clear_facts_are_asked():
    facts = [
        fact("capital", "France", "Paris"),
        fact("capital", "Mexico", "Mexico City", "Mexico"),
        fact("official_language", "Canada", "English"),
        fact("official_language", "Canada", "French"),
        fact("moon_of", "the Moon", "the Earth", "Earth"),
        fact("moon_of", "Charon", "Pluto"),
        fact("moon_of", "Titan", "Saturn"),
        fact("shoe_size", "Einstein", "42"),
    ]
    clear = quiz.clear_facts(facts)
    assert {(relation, f["subject"]) for relation, some in clear.items() for f in some} == {
        ("capital", "France"),
        ("moon_of", "Titan"),
    }


def conversations(path: Path, *messages: str) -> Path:
    lines = [
        json.dumps(
            {
                "messages": [
                    {"role": "user", "content": m},
                    {"role": "assistant", "content": "Tell me the capital city of Spain."},
                ]
            }
        )
        for m in messages
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_wording_of_the_training_data_is_replaced_by_another(tmp_path):
    relations = quiz.clear_facts([fact("capital", "France", "Paris"), fact("capital", "Spain", "Madrid")])
    said = quiz.user_messages(
        conversations(
            tmp_path / "train.jsonl",
            "Tell me the capital city of Côte d'Ivoire!",
            "WHICH city serves as the capital of the Netherlands",
        )
    )
    wordings, replaced = quiz.fresh_wordings(relations, said)
    assert wordings["capital"] == ["Please name the capital city of {S}."]
    assert len(replaced) == 2 and all(line.startswith("capital:") for line in replaced)
    untouched, none = quiz.fresh_wordings(
        relations, quiz.user_messages(conversations(tmp_path / "other.jsonl", "What is the capital of France?"))
    )
    assert untouched["capital"] == list(quiz.WORDINGS["capital"]) and not none


def test_a_wording_with_few_words_of_its_own_counts_only_with_a_known_subject(tmp_path):
    relations = quiz.clear_facts([fact("deed", "discovered penicillin", "Alexander Fleming")])
    assert quiz.fresh_wordings(relations, {quiz.normal("Which person was born in Ulm?")})[0]["deed"] == list(
        quiz.WORDINGS["deed"]
    )
    assert (
        "Which person {S}?"
        not in quiz.fresh_wordings(relations, {quiz.normal("Which person discovered penicillin?")})[0]["deed"]
    )


def test_no_wording_left_is_a_clear_error(tmp_path):
    relations = quiz.clear_facts([fact("capital", "France", "Paris")])
    said = {quiz.normal(wording.replace("{S}", "Peru")) for wording in quiz.WORDINGS["capital"]}
    with pytest.raises(quiz.QuizError, match="every wording of 'capital'"):
        quiz.fresh_wordings(relations, said)


def many_facts() -> list[dict]:
    return (
        [fact("capital", f"Land {i}", f"Town {i}") for i in range(60)]
        + [fact("symbol", f"stuff {i}", f"X{i}") for i in range(40)]
        + [fact("river_mouth", "the Danube", "the Black Sea", "Black Sea")]
    )


def test_the_draw_is_fixed_by_its_seed_and_shared_among_the_relations():
    relations = quiz.clear_facts(many_facts())
    wordings = quiz.fresh_wordings(relations, set())[0]
    one, again = quiz.draw(relations, wordings, 21, 7), quiz.draw(quiz.clear_facts(many_facts()[::-1]), wordings, 21, 7)
    assert one == again and one != quiz.draw(relations, wordings, 21, 8)
    count = {r: sum(q.relation == r for q in one) for r in relations}
    assert count["river_mouth"] == 1 and abs(count["capital"] - count["symbol"]) <= 1 and sum(count.values()) == 21
    assert len({(q.relation, q.subject) for q in one}) == 21
    assert all(q.subject in q.text and "{" not in q.text for q in one)
    with pytest.raises(quiz.QuizError, match="only 101"):
        quiz.draw(relations, wordings, 102, 7)


def test_every_wording_names_its_subject_and_says_a_sentence():
    for relation, wordings in quiz.WORDINGS.items():
        assert len(set(wordings)) == len(wordings) >= 2, relation
        assert all(w.count("{S}") == 1 and w[-1] in ".?" for w in wordings), relation


@pytest.fixture
def server():
    """A chat server that knows some capitals, gets one wrong, and never stops on its own for one."""
    asked = []

    class Chat(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(body)
            text = body["messages"][-1]["content"]
            known = {
                "France": "The capital of France is PARIS.",
                "Spain": "It is Lisbon.",
                "Peru": "Lima, Lima, Lima, Lima",
                "Japan": "Tokyo.",
            }
            answer = next(reply for land, reply in known.items() if land in text)
            data = json.dumps(
                {
                    "choices": [
                        {
                            "message": {"role": "assistant", "content": answer},
                            "finish_reason": "length" if "Peru" in text else "stop",
                        }
                    ]
                }
            ).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Chat)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}", asked
    http.shutdown()
    http.server_close()


def truth_file(path: Path) -> Path:
    lands = {"France": "Paris", "Spain": "Madrid", "Peru": "Lima", "Japan": "Tokyo"}
    path.write_text(
        json.dumps({"facts": [fact("capital", land, town) for land, town in lands.items()]}), encoding="utf-8"
    )
    return path


def arguments(tmp_path: Path, url: str, **more) -> argparse.Namespace:
    return argparse.Namespace(
        **{
            "url": url,
            "truth": truth_file(tmp_path / "truth.json"),
            "train": None,
            "n": 4,
            "seed": 7,
            "turns": 1,
            "exam": False,
            "json": tmp_path / "new" / "out.json",
            "min_percent": 80.0,
        }
        | more
    )


def test_a_run_grades_counts_and_reports(tmp_path, server, capsys):
    url, asked = server
    assert quiz.run(arguments(tmp_path, url)) == 1
    printed = capsys.readouterr().out
    assert "right:    75.0 % of 4" in printed and "stopped:  75.0 %" in printed
    assert "It is Lisbon." in printed and "expected: Madrid" in printed
    assert all(body["temperature"] == 0 and body["max_tokens"] == 64 and len(body["messages"]) == 1 for body in asked)
    saved = json.loads((tmp_path / "new" / "out.json").read_text(encoding="utf-8"))
    assert saved["percent_right"] == 75 and saved["by_relation"] == {"capital": [3, 4]} and len(saved["results"]) == 4
    assert [r["expected"] for r in saved["results"] if not r["right"]] == ["Madrid"]
    assert [r["expected"] for r in saved["results"] if not r["stopped"]] == ["Lima"]
    assert quiz.run(arguments(tmp_path, url, min_percent=75)) == 0


def test_questions_may_follow_one_another_in_a_conversation(tmp_path, server, capsys):
    url, asked = server
    quiz.run(arguments(tmp_path, url, turns=3))
    assert [len(body["messages"]) for body in asked] == [1, 3, 5, 1]
    first, second, third, _ = (body["messages"] for body in asked)
    assert (
        third[:3] == second
        and second[:1] == first
        and [m["role"] for m in third] == ["user", "assistant"] * 2 + ["user"]
    )
    saved = json.loads((tmp_path / "new" / "out.json").read_text(encoding="utf-8"))
    right = [r["right"] for r in saved["results"]]
    assert saved["by_turn"] == [[right[0] + right[3], 2], [right[1], 1], [right[2], 1]]
    assert f"by turn: {right[0] + right[3]} of 2, {right[1]:d} of 1, {right[2]:d} of 1" in capsys.readouterr().out


def test_the_command_line(tmp_path, server):
    url, _ = server
    command = [
        sys.executable,
        ROOT / "scripts/bench/quiz.py",
        "--url",
        url,
        "--truth",
        truth_file(tmp_path / "truth.json"),
        "--n",
        "4",
    ]
    assert subprocess.run([*command, "--min-percent", "75"], capture_output=True).returncode == 0
    assert subprocess.run(command, capture_output=True).returncode == 1
    for wrong in (
        ["--truth", tmp_path / "none.json"],
        ["--train", tmp_path / "none.jsonl"],
        ["--n", "5"],
        ["--url", "http://127.0.0.1:9"],
    ):
        done = subprocess.run([*command, *wrong], capture_output=True, text=True)
        assert done.returncode == 2 and done.stderr.startswith("quiz: ") and len(done.stderr.splitlines()) == 1, wrong


def test_the_mini_wiki_has_enough_clear_facts_of_many_relations(miniwiki):
    relations = quiz.clear_facts(quiz.load_facts(miniwiki / "miniwiki-truth.json"))
    assert set(relations) == set(quiz.WORDINGS)
    questions = quiz.draw(relations, quiz.fresh_wordings(relations, set())[0], 100, 7)
    assert len({q.relation for q in questions}) == len(quiz.WORDINGS)
    assert not any(quiz.contains(q.text, q.answers[0]) for q in questions)


def test_the_teacher_leaves_the_quiz_wordings_of_its_own(miniwiki, tmp_path):
    """However the rules put their questions about the mini-wiki, no relation may be left without two wordings to ask
    in.
    """
    truth = json.loads((miniwiki / "miniwiki-truth.json").read_text(encoding="utf-8"))
    articles = [
        {"id": a["id"], "title": a["title"], "text": "\n\n".join(a["sentences"])}
        for a in truth["articles"]
        if a["expect"] == "keep" and a.get("sentences")
    ]
    sft = load_config("configs/demo.yaml").sft
    teacher = RulesTeacher(articles, seed=sft.seed)
    said = [
        m["content"]
        for article in articles
        for c in teacher.conversations(article, sft.conversations, sft.max_turns)
        for m in c["messages"]
        if m["role"] == "user"
    ]
    assert len(said) > 20_000
    fresh, _ = quiz.fresh_wordings(
        quiz.clear_facts(truth["facts"]), quiz.user_messages(conversations(tmp_path / "train.jsonl", *said))
    )
    assert {relation: wordings for relation, wordings in fresh.items() if len(wordings) < 2} == {}
