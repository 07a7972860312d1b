"""The index and the search: questions as people type them, and files that are no index."""

import sqlite3
import threading
import time

import pytest

from pace import slowness
from pipeline.config import InputError
from small_index import ARTICLES, small_index
from wikipedia import index, spelling
from wikipedia.search import Search


@pytest.fixture(scope="module")
def search(tmp_path_factory):
    path = small_index(tmp_path_factory.mktemp("index") / "index.sqlite", redirects=[("Nippon", "Japan")])
    return Search(path)


def titles(found) -> list[str]:
    return [passage["title"] for passage in found]


@pytest.mark.parametrize(
    "question, title",
    [
        ("What is the capital of Japan?", "Japan"),
        ("what is the capital of japan", "Japan"),
        ("WHAT IS THE CAPITAL OF PERU", "Peru"),
        ("waht is teh captial of jpaan", "Japan"),  # slips in every word
        ("Which element has the symbol Au?", "Gold"),
        ("Who discoverd oxigen?", "Oxygen"),
        ("zurich", "Zürich"),
        ("Where does Zuerich lie, on the Limat?", "Zürich"),
        ("Who are The Who?", "The Who"),  # nothing but words that ask
        ("Liecht", "Liechtenstein"),  # the beginning of a word
        ("Which planet is nearest to the Sun?", "Mercury (planet)"),
        ("What do people pay with in Nippon?", "Japan"),  # a redirect
        ("Hi! Please tell me about Machu Picchu, thanks!", "Peru"),
    ],
)
def test_a_question_as_it_may_be_typed_finds_its_article(search, question, title):
    assert titles(search(question, k=1)) == [title]


def test_a_passage_says_where_it_is_from(search):
    best = search("What is the capital of Japan?")[0]
    assert best == {
        "title": "Japan",
        "section": "",
        "url": "https://x.org/1",
        "text": ARTICLES[0][1].replace("\n\n## Money\n\n", "\n\n"),
        "score": 1.0,  # all of the question in one sentence of the first passage, and its article is named
    }


def test_it_is_whom_earlier_turns_named(search):
    talk = ["What is the capital of Peru?", "The capital of Peru is Lima."]
    assert titles(search("Which country is it in?", talk, k=1)) == ["Peru"]
    assert titles(search("And what is the capital of Japan?", talk, k=1)) == ["Japan"]  # it has names of its own


@pytest.mark.parametrize("question", ["", "   ", "?", "the", "who", "\x00", "🙂", "\ud800"])
def test_a_question_that_says_nothing_finds_nothing(search, question):
    assert search(question) == []


@pytest.mark.parametrize("said", ["Who are you?", "what was it", "and him?", "", "?"])
def test_what_has_no_word_of_its_own_asks_for_nothing(search, said):
    assert not search.asks(said) and search.asks(f"{said} Zorbantia") and search.asks(f"{said} JAPAN")


def test_one_word_that_stands_somewhere_is_no_answer_unless_it_names_the_article(search):
    """ "tell me a joke" is not about the article in which somebody makes one."""
    best = search("nearest", k=1)[0]
    assert best["title"] == "Mercury (planet)" and best["score"] < search.good
    assert search("nearest planet", k=1)[0]["score"] >= search.good <= search("mercury", k=1)[0]["score"]


def test_what_no_article_names_is_below_the_threshold(search):
    assert all(p["score"] < search.good for p in search("Who founded Zorbantia?"))
    assert search("What is the capital of Japan?")[0]["score"] >= search.good


@pytest.mark.parametrize(
    "question",
    [
        'NEAR("japan" capital, 2)',
        "title : japan OR NOT capital*",
        '" OR 1=1; DROP TABLE articles; --',
        "japan^ {title section} : capital + -",
        "'; DELETE FROM passages; --japan",
        '"""japan',
    ],
)
def test_operators_and_quotes_are_words(search, question):
    before = len(search._run("SELECT number FROM passages"))
    assert all(set(p) == {"title", "section", "url", "text", "score"} for p in search(question))
    assert len(search._run("SELECT number FROM passages")) == before


def test_four_megabytes_take_no_longer_than_a_page(search):
    began = time.process_time()
    found = search("What is the capital of Japan? " + "lorem ipsum " * 350_000)
    assert time.process_time() - began < 4 * slowness() and titles(found)[:1] == ["Japan"]
    assert titles(search("lorem ipsum " * 350_000 + "What is the capital of Japan?"))[:1] == ["Japan"]
    assert search("x" * 4_000_000) == []


def test_many_threads_get_the_same_answers(search):
    questions = ["What is the capital of Japan?", "Who discovered oxygen?", "symbol Au"] * 10
    expected, found = [search(q) for q in questions], {}

    def ask(number: int) -> None:
        found[number] = [search(q) for q in questions]

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16 and all(answers == expected for answers in found.values())


def test_a_language_without_spaces(tmp_path):
    articles = [
        ("日本", "日本は東アジアの国である。日本の首都は東京である。"),
        ("中国", "中国は東アジアの国である。首都は北京である。"),
    ]
    search = Search(small_index(tmp_path / "ja.sqlite", articles, "ja"))
    assert titles(search("日本の首都はどこですか？", k=1)) == ["日本"]
    assert search("ペルーの大統領は誰ですか") == [] or search("ペルーの大統領は誰ですか")[0]["score"] < search.good


def test_it_can_only_read(search):
    with pytest.raises(InputError):
        search._run("DELETE FROM passages")


# ---- files that cannot be used


def test_no_index(tmp_path):
    with pytest.raises(InputError, match="there is no index; make it with python scripts/build_index.py"):
        Search(tmp_path / "index.sqlite")


def test_a_file_that_is_no_database(tmp_path):
    path = tmp_path / "index.sqlite"
    path.write_bytes(b"It is a text. " * 1000)
    with pytest.raises(InputError, match="damaged or no index"):
        Search(path)
    path.write_bytes(b"")
    with pytest.raises(InputError, match="is not an index of ours"):
        Search(path)


def test_another_programs_database(tmp_path):
    with sqlite3.connect(tmp_path / "index.sqlite") as db:
        db.execute("CREATE TABLE passages (number)")
    with pytest.raises(InputError, match="is not an index of ours"):
        Search(tmp_path / "index.sqlite")


def test_an_old_format(tmp_path):
    path = small_index(tmp_path / "index.sqlite")
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 0")
    with pytest.raises(InputError, match="is of format 0, this version reads 1"):
        Search(path)


def test_an_index_that_was_cut(tmp_path):
    path = small_index(tmp_path / "index.sqlite")
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(InputError, match="is damaged"):
        Search(path)


def test_an_index_with_a_hole(tmp_path):
    path = small_index(tmp_path / "index.sqlite")
    content = bytearray(path.read_bytes())
    content[4096 : len(content)] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(InputError, match="is damaged"):
        Search(path)("What is the capital of Japan?")


def test_an_empty_index(tmp_path):
    with pytest.raises(InputError, match="holds no passages"):
        Search(small_index(tmp_path / "index.sqlite", []))


def test_an_index_of_another_wiki(tmp_path):
    path = small_index(tmp_path / "index.sqlite")
    assert Search(path, "hash")("gold")
    with pytest.raises(InputError, match="is of other articles than those of this config"):
        Search(path, "another hash")


# ---- slips


def test_distance_counts_a_swap_once():
    pairs = {
        ("danube", "danbue"): 1,
        ("danube", "danub"): 1,
        ("danube", "dabune"): 2,
        ("abc", "abc"): 0,
        ("ab", "xy"): 2,
    }
    assert {pair: spelling.distance(*pair) for pair in pairs} == pairs


def test_every_slip_of_one_letter_is_undone():
    assert {"japan", "ajpan", "jpan", "jaapan", "jbpan"} - {"japan"} <= set(spelling.slips("japan", "ab"))
    assert "napaj" not in spelling.slips("japan", "ab")


def test_two_slips_in_a_long_word_are_undone_by_its_trigrams(search):
    assert titles(search("lichtenstien", k=1)) == ["Liechtenstein"]
    alphabet = search.about["alphabet"]
    assert spelling.meant(search._db(), "kiechtenstein", alphabet) == "liechtenstein"
    assert spelling.meant(search._db(), "kiechtenstien", alphabet) is None, "two slips leave the first letter"
    assert spelling.meant(search._db(), "jxpxn", search.about["alphabet"]) is None


def test_a_rare_word_of_the_articles_is_not_corrected():
    assert index.is_word("limmat") and not index.is_word("1912") and not index.is_word("au")
