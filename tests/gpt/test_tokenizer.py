"""The tokenizer as the stages use it: special tokens come from code, never from text."""

import hashlib
import json

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as HFTokenizer
from tokenizers import decoders, models, pre_tokenizers, trainers

from gpt.tokenizer import SPLITS, Tokenizer, pre_tokenizer
from pipeline.config import InputError
from tiny import tiny_tokenizer

TEXTS = [
    "",
    " ",
    "a\tb\r\n\n c",
    "<|end|>",
    "<|user|>hi<|end|><|assistant|>",
    "<|pad|><|end|",
    "👩‍👩‍👧‍👦 🏳️‍🌈",
    "Zürich 東京",
    "\x00\u2028\ufeff",
]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return tiny_tokenizer(tmp_path_factory.mktemp("tokenizer") / "tokenizer.json")


def changed(tokenizer, path, change):
    about = json.loads(tokenizer.path.read_text())
    change(about)
    path.write_text(json.dumps(about))
    return path


def test_what_it_knows_of_itself(tokenizer):
    assert (tokenizer.user_id, tokenizer.assistant_id, tokenizer.end_id, tokenizer.pad_id) == (0, 1, 2, 3)
    assert tokenizer.vocab_size == 300
    assert tokenizer.sha256 == hashlib.sha256(tokenizer.path.read_bytes()).hexdigest()


@pytest.mark.parametrize("text", TEXTS)
def test_text_never_yields_a_special_token_and_comes_back(tokenizer, text):
    ids = tokenizer.encode(text)
    assert not set(ids) & {0, 1, 2, 3} and tokenizer.decode(ids) == text
    assert tokenizer.encode_batch([text, "x", text]) == [ids, tokenizer.encode("x"), ids]


@settings(deadline=None)
@given(st.text())
def test_any_text_comes_back(tokenizer, text):
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_special_tokens_are_left_out_of_the_text(tokenizer):
    assert tokenizer.decode([0, *tokenizer.encode("gold "), 2, 1, *tokenizer.encode("metal"), 2, 3, 3]) == "gold metal"


def test_padding_and_truncation_of_the_file_are_not_used(tokenizer, tmp_path):
    def pad_and_cut(about):
        about["padding"] = {
            "strategy": {"Fixed": 8},
            "direction": "Right",
            "pad_to_multiple_of": None,
            "pad_id": 3,
            "pad_type_id": 0,
            "pad_token": "<|pad|>",
        }
        about["truncation"] = {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}

    other = Tokenizer(changed(tokenizer, tmp_path / "t.json", pad_and_cut))
    assert other.encode_batch(["a", "a long text of many tokens"]) == tokenizer.encode_batch(
        ["a", "a long text of many tokens"]
    )


def test_files_that_are_none_are_named(tokenizer, tmp_path):
    with pytest.raises(InputError, match="no tokenizer there; run python src/train_tokenizer.py"):
        Tokenizer(tmp_path / "tokenizer.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(InputError, match="bad.json: not a tokenizer.json"):
        Tokenizer(tmp_path / "bad.json")
    with pytest.raises(InputError, match="not a tokenizer.json"):
        Tokenizer(tmp_path)


def test_other_special_tokens_are_refused(tokenizer, tmp_path):
    def without_pad(about):
        about["added_tokens"] = [t for t in about["added_tokens"] if t["content"] != "<|pad|>"]
        about["model"]["vocab"]["<pad>"] = about["model"]["vocab"].pop("<|pad|>")

    with pytest.raises(InputError, match="special tokens are not ids 0-3"):
        Tokenizer(changed(tokenizer, tmp_path / "a.json", without_pad))

    def pad_first(about):
        vocabulary = about["model"]["vocab"]
        vocabulary["<|pad|>"], vocabulary["<|user|>"] = 0, 3
        for token in about["added_tokens"]:
            token["id"] = vocabulary[token["content"]]

    with pytest.raises(InputError, match="special tokens are not ids 0-3"):
        Tokenizer(changed(tokenizer, tmp_path / "b.json", pad_first))


def test_the_bytes_of_the_tokens_are_those_of_the_text(tokenizer):
    tokens = tokenizer.token_bytes()
    assert sorted(tokens) == list(range(4, 300))
    assert {tokens[i] for i in range(4, 260)} == {bytes([b]) for b in range(256)}
    for text in TEXTS:
        assert b"".join(tokens[i] for i in tokenizer.encode(text)) == text.encode()


def trained(split, path):
    special = ["<|user|>", "<|assistant|>", "<|end|>", "<|pad|>"]
    hf = HFTokenizer(models.BPE())
    hf.pre_tokenizer, hf.decoder = pre_tokenizer(split), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    hf.train_from_iterator([" ".join(TEXTS) * 3], trainer)
    hf.save(str(path))
    return Tokenizer(path)


def pieces(split, text):
    """The pieces of a text as the tokenizer cuts it, by their places."""
    return [text[slice(*place)] for _, place in pre_tokenizer(split).pre_tokenize_str(text)]


@pytest.mark.parametrize(
    "text, gpt2, o200k",
    [
        ("a dog's tail", "a| dog|'s| tail", "a| dog's| tail"),
        ("12345 km", "12345| km", "123|45| km"),
        ("हिन्दी में", "ह|ि|न|्|द|ी| म|ें", "हिन्दी| में"),
        ("บ้านที่", "บ|้|านท|ี่", "บ้านที่"),
        ("iPhone XML", "iPhone| XML", "i|Phone| XML"),
        ("x\n\n y", "x|\n\n| y", "x|\n\n| y"),
    ],
)
def test_where_each_split_cuts(text, gpt2, o200k):
    assert pieces("gpt2", text) == gpt2.split("|") and pieces("o200k", text) == o200k.split("|")


@pytest.mark.parametrize("split, name", [("gpt2", "gpt2"), ("o200k", "o200k_base")])
def test_the_patterns_are_openais(split, name, monkeypatch):
    """Its own package has them; only the ranks would come from the network."""
    public = pytest.importorskip("tiktoken_ext.openai_public")
    monkeypatch.setattr(public, "load_tiktoken_bpe", lambda *a, **k: {})
    monkeypatch.setattr(public, "data_gym_to_mergeable_bpe_ranks", lambda *a, **k: {})
    theirs = regex.compile({"gpt2": public.gpt2, "o200k": public.o200k_base}[split]()["pat_str"])
    for text in [*TEXTS, "क्षत्रिय 12345,67 ใน กรุงเทพฯ ၁၂၃ÀÉ'LL//\r\n ǅa don't DON'T \t\n  x  "]:
        assert pieces(split, text) == theirs.findall(text) == regex.findall(SPLITS[split].pattern, text), text


@pytest.mark.parametrize("split", SPLITS)
def test_a_tokenizer_knows_its_split_and_text_comes_back(split, tmp_path):
    made = trained(split, tmp_path / "tokenizer.json")
    assert made.split == split
    for text in [*TEXTS, "क्षत्रिय ใน กรุงเทพฯ ၁၂၃ don't\r\n"]:
        assert made.decode(made.encode(text)) == text and not set(made.encode(text)) & {0, 1, 2, 3}


def test_another_split_is_refused_because_nothing_else_would_know_it(tokenizer, tmp_path):
    path = changed(tokenizer, tmp_path / "t.json", lambda about: about["pre_tokenizer"].update(use_regex=False))
    with pytest.raises(InputError, match="splits text in another way than gpt2 or o200k"):
        Tokenizer(path)
