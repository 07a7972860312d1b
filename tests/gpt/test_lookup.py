"""What stands before a question when the model may look things up, and how much of it fits."""

import pytest

from gpt import chat
from gpt.lookup import Reader, SearchFailed, fitted, open_reader
from pipeline.config import InputError, load_config
from stub_search import StubSearch, passage
from tiny import tiny_tokenizer

GOLD = "Gold is a metal. It is soft. Its symbol is Au."
ASK = [{"role": "user", "content": "What is gold?"}]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return tiny_tokenizer(tmp_path_factory.mktemp("tiny") / "tokenizer.json")


def spelled(tokenizer, ids: list[int]) -> str:
    names = {i: name for name, i in tokenizer.special_ids.items()}
    return "".join(names[i] if i in names else tokenizer.decode([i]) for i in ids)


def test_the_passage_stands_in_the_users_turn_as_fine_tuning_has_it(tokenizer):
    read = Reader(StubSearch(passage("Gold", GOLD))).prompt(tokenizer, ASK, 200, 400, "auto")
    assert spelled(tokenizer, read.ids) == f"<|user|>{GOLD}\n\nWhat is gold?<|end|><|assistant|>"
    assert read.sources == [passage("Gold", GOLD)] and read.left_out == {}


def test_two_passages_have_a_blank_line_between_them(tokenizer):
    search = StubSearch(passage("Gold", GOLD), passage("Iron", "Iron is grey."), passage("Zinc", "Zinc is white."))
    read = Reader(search, passages=2).prompt(tokenizer, ASK, 200, 400, "always")
    assert spelled(tokenizer, read.ids).startswith(f"<|user|>{GOLD}\n\nIron is grey.\n\nWhat is gold?<|end|>")


@pytest.mark.parametrize(
    "mode, score, reads", [("auto", 0.6, 1), ("auto", 0.59, 0), ("always", 0.01, 1), ("off", 0.99, 0)]
)
def test_auto_reads_what_is_good_enough_and_always_anything(tokenizer, mode, score, reads):
    search = StubSearch(passage("Gold", GOLD, score))
    read = Reader(search).prompt(tokenizer, ASK, 200, 400, mode)
    assert len(read.sources) == reads and len(search.calls) == (mode != "off")
    if mode == "off":
        assert read.ids == chat.ask(tokenizer, ASK)
    elif not reads:
        told = "<|user|>No article was found about this.\n\nWhat is gold?<|end|>"
        assert spelled(tokenizer, read.ids).startswith(told)


@pytest.mark.parametrize("said", ["Who are you?", "Gold is soft.\n\nIs gold soft?", "What is gold? " + "Really? " * 6])
def test_who_asks_for_nothing_or_brings_a_text_or_leaves_no_room_is_not_told_that_nothing_was_found(tokenizer, said):
    ask = [{"role": "user", "content": said}]
    room = len(chat.ask(tokenizer, ask)) + (5 if "Really" in said else 200)
    read = Reader(StubSearch()).prompt(tokenizer, ask, room, 400, "auto")
    assert read.ids == chat.ask(tokenizer, ask) and read.sources == []


def test_nothing_found_is_said_in_a_talk_too_and_costs_its_oldest_turns(tokenizer):
    old = [{"role": "user", "content": "old " * 30}, {"role": "assistant", "content": "old " * 30}]
    read = Reader(StubSearch()).prompt(tokenizer, old + ASK, 100, 400, "always")
    told = "<|user|>No article was found about this.\n\nWhat is gold?<|end|><|assistant|>"
    assert spelled(tokenizer, read.ids) == told and read.left_out == {"messages": 2}


def test_what_was_said_before_goes_to_the_search_and_system_texts_do_not(tokenizer):
    search = StubSearch()
    talk = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is gold?"},
        {"role": "assistant", "content": "A metal."},
        {"role": "user", "content": "And its symbol?"},
    ]
    Reader(search, 3).prompt(tokenizer, talk, 200, 400, "auto")
    assert search.calls == [("And its symbol?", ["What is gold?", "A metal."], 3)]


def test_a_long_passage_is_cut_by_sentences_around_the_one_that_was_asked_for(tokenizer):
    text = "A first sentence on nothing. " * 30 + "The symbol of gold is Au. " + "A last sentence on nothing. " * 30
    ask = [{"role": "user", "content": "symbol of gold?"}]
    read = Reader(StubSearch(passage("Gold", text))).prompt(tokenizer, ask, 120, 400, "auto")
    kept = read.sources[0]["text"]
    assert len(read.ids) <= 120 and "The symbol of gold is Au." in kept and kept in text
    assert kept.count(".") + read.left_out["sentences"] == 61


def test_a_model_that_reads_a_few_sentences_best_gets_no_more(tokenizer):
    text = "A first sentence on nothing. " * 9 + "The symbol of gold is Au. " + "A last sentence on nothing. " * 9
    ask = [{"role": "user", "content": "symbol of gold?"}]
    size = len(tokenizer.encode("A first sentence on nothing. The symbol of gold is Au."))
    read = Reader(StubSearch(passage("Gold", text)), tokens=size + 1).prompt(tokenizer, ask, 390, 400, "auto")
    assert read.sources[0]["text"] == "A first sentence on nothing. The symbol of gold is Au."
    assert read.left_out == {"sentences": 17}
    read = Reader(StubSearch(passage("Gold", text)), tokens=3).prompt(tokenizer, ask, 390, 400, "auto")
    assert read.sources[0]["text"] == "The symbol of gold is Au.", "one that is longer is read whole"
    two = StubSearch(passage("Gold", GOLD), passage("Iron", "Iron is grey."))
    size = sum(len(tokenizer.encode(sentence)) for sentence in two.sentences(GOLD))
    read = Reader(two, passages=2, tokens=size).prompt(tokenizer, ASK, 390, 400, "auto")
    assert [source["title"] for source in read.sources] == ["Gold"] and read.left_out == {"sentences": 1}


def test_a_word_that_many_sentences_have_says_little_about_which_is_asked_for(tokenizer):
    """Constantinople and emperor are in two of the three; the third one alone has fortified, at and sea."""
    told = ["Constantinople had an emperor. ", "The emperor liked Constantinople. ", "Theo fortified it at sea."]
    question = "Which emperor fortified Constantinople at sea?"
    most = max(len(tokenizer.encode(sentence)) for sentence in told)
    assert fitted(tokenizer, told, question, room=1000, wanted=most) == (told[2], 2)


def test_paragraphs_of_a_passage_become_one_and_the_source_keeps_them(tokenizer):
    """The empty line is what stands between text and question in fine-tuning."""
    text = "Gold is a metal.\n\n# Use\nIt is soft."
    read = Reader(StubSearch(passage("Gold", text))).prompt(tokenizer, ASK, 200, 400, "auto")
    assert spelled(tokenizer, read.ids).startswith("<|user|>Gold is a metal. # Use It is soft.\n\nWhat is gold?")
    assert read.sources[0]["text"] == text


def test_a_passage_has_half_of_the_context_at_most(tokenizer):
    text = "One more sentence. " * 40
    read = Reader(StubSearch(passage("Gold", text))).prompt(tokenizer, ASK, 390, 100, "auto")
    assert 35 < len(tokenizer.encode(read.sources[0]["text"])) <= 50


def test_a_sentence_that_does_not_fit_at_all_leaves_the_passage_out(tokenizer):
    assert fitted(tokenizer, ["word " * 100], "word", 20, 20) == ("", 1)
    read = Reader(StubSearch(passage("Gold", "word " * 100))).prompt(tokenizer, ASK, 60, 60, "auto")
    assert read.sources == [] and read.left_out == {"sentences": 1} and read.ids == chat.ask(tokenizer, ASK)


def test_a_conversation_that_does_not_fit_loses_its_oldest_turns_not_the_passage(tokenizer):
    old = [{"role": "user", "content": "old " * 30}, {"role": "assistant", "content": "old " * 30}]
    read = Reader(StubSearch(passage("Gold", GOLD))).prompt(tokenizer, old + ASK, 100, 400, "auto")
    assert spelled(tokenizer, read.ids) == f"<|user|>{GOLD}\n\nWhat is gold?<|end|><|assistant|>"
    assert read.left_out == {"messages": 2}


def test_an_answer_that_is_gone_on_with_keeps_its_place(tokenizer):
    begun = [*ASK, {"role": "assistant", "content": "Gold is"}]
    read = Reader(StubSearch(passage("Gold", GOLD))).prompt(tokenizer, begun, 200, 400, "auto")
    assert spelled(tokenizer, read.ids) == f"<|user|>{GOLD}\n\nWhat is gold?<|end|><|assistant|>Gold is"


def test_a_question_of_four_megabytes_is_refused_before_it_is_searched_for(tokenizer):
    search = StubSearch(passage("Gold", GOLD))
    with pytest.raises(InputError, match="far longer"):
        Reader(search).prompt(tokenizer, [{"role": "user", "content": "gold " * 800_000}], 200, 400, "auto")
    assert search.calls == []


def test_without_an_index_it_says_why(capsys, tmp_path):
    def missing(path, made_of):
        raise InputError(f"{path}: there is no index")

    cfg = load_config("configs/base.yaml", [f"out={tmp_path}"])
    reader = open_reader(cfg, missing, "auto")
    assert reader.mode == "off" and "lookup is off" in capsys.readouterr().err
    with pytest.raises(InputError, match="there is no index"):
        reader.asked("auto")
    assert (reader.asked(None), reader.asked("off")) == ("off", "off")


def test_an_index_that_cannot_be_used_stops_only_who_wanted_it(capsys, tmp_path):
    cfg = load_config("configs/base.yaml", [f"out={tmp_path}", "lookup.index=x.sqlite"])
    (tmp_path / "x.sqlite").write_bytes(b"nonsense")

    def damaged(path, made_of):
        raise InputError("is damaged")

    with pytest.raises(InputError, match="is damaged"):
        open_reader(cfg, damaged, "auto")
    assert open_reader(cfg, damaged, "off").search is None
    assert capsys.readouterr().err == "lookup is off: is damaged\n"


def test_a_search_that_fails_is_no_fault_of_the_question(tokenizer):
    class Broken(StubSearch):
        def __call__(self, question, earlier=(), k=3):
            raise InputError("index.sqlite: is damaged")

    with pytest.raises(SearchFailed, match="is damaged"):
        Reader(Broken()).prompt(tokenizer, ASK, 200, 400, "auto")
