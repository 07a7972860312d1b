"""pack_tokens.py: what stands in the files, in which order, and that nothing disturbs it."""

import hashlib
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pack_tokens
import train_tokenizer
from deduped_folder import articles, deduped
from gpt.tokenizer import Tokenizer
from gpt.tokens import TokenFile, open_tokens
from held import Held
from pipeline.config import ROOT, InputError, load_config
from pipeline.stage_output import shards

HOSTILE = [
    {"id": 9001, "title": "<|end|>", "url": "", "text": "a <|end|> b <|user|><|assistant|> <|pad|>\t🙂"},
    {"id": 9002, "title": "Empty", "url": "", "text": ""},
    {"id": 9003, "title": "Run", "url": "", "text": "a" * 3000 + " " * 3000 + "\n" * 300 + "中" * 1000 + "!?" * 500},
]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with 203 deduplicated articles in shards of 20 and a tokenizer of 400."""
    folder = tmp_path_factory.mktemp("pack")
    deduped(folder / "deduped", [*articles(200), *HOSTILE])
    train_tokenizer.main(config(folder, folder))
    return folder


def arguments(home, out, *overrides):
    return [
        f"data.deduped_dir={home / 'deduped'}",
        f"tokenizer.path={home / 'tok/tokenizer.json'}",
        "model.vocab_size=400",
        f"data.train_bin={out / 'tokens/train.bin'}",
        f"data.val_bin={out / 'tokens/val.bin'}",
        "data.workers=1",
        "data.val_fraction=0.1",
        "data.recased=0",
        "tokenizer.cases=false",
        *overrides,
    ]


def config(home, out, *overrides):
    return load_config("configs/demo.yaml", arguments(home, out, *overrides))


def documents(path, tokenizer):
    """The token file cut at <|end|>, decoded."""
    ids = np.fromfile(path, "<u2").tolist()
    assert ids[-1] == tokenizer.end_id
    cuts = [i for i, token in enumerate(ids) if token == tokenizer.end_id]
    return [tokenizer.decode(ids[start + 1 : end]) for start, end in zip([-1] + cuts, cuts)]


def digests(out):
    return [hashlib.sha256((out / f"tokens/{name}.bin").read_bytes()).hexdigest() for name in ("train", "val")]


@pytest.fixture(scope="module")
def packed(home, tmp_path_factory):
    out = tmp_path_factory.mktemp("packed")
    pack_tokens.main(config(home, out))
    return out


def test_every_document_once_whole_and_shuffled(home, packed):
    tokenizer = Tokenizer(home / "tok/tokenizer.json")
    train, val = (documents(packed / f"tokens/{name}.bin", tokenizer) for name in ("train", "val"))
    expected = [f"# {a['title']}\n\n{a['text']}" for a in [*articles(200), *HOSTILE]]
    assert sorted(train + val) == sorted(expected)
    position = {text: i for i, text in enumerate(expected)}
    order = [position[text] for text in train]
    assert order != sorted(order)
    # a shuffle: neighbours lie a third of the whole apart on average, not one apart
    assert np.abs(np.diff(order)).mean() > 203 / 6


def test_validation_is_the_articles_whose_hash_is_low(home, packed):
    tokenizer = Tokenizer(home / "tok/tokenizer.json")
    val = documents(packed / "tokens/val.bin", tokenizer)
    low = {
        f"Article {i}"
        for i in range(1, 201)
        if int.from_bytes(hashlib.blake2b(str(i).encode(), digest_size=8).digest(), "little") / 2**64 < 0.1
    }
    assert {text.split("\n")[0].removeprefix("# ") for text in val} - {"<|end|>", "Empty", "Run"} == low
    assert 8 <= len(low) <= 35


def test_training_documents_alone_are_told_again_in_other_cases(home, packed, tmp_path):
    pack_tokens.main(config(home, tmp_path, "data.recased=2"))
    tokenizer = Tokenizer(home / "tok/tokenizer.json")
    plain, more = (documents(out / "tokens/train.bin", tokenizer) for out in (packed, tmp_path))
    assert len(more) == len(plain)
    for once, thrice in zip(plain, more):
        assert thrice.startswith(once) and thrice.lower() == "\n\n".join([once.lower()] * 3)
    assert sum(thrice.count(once) == 1 for once, thrice in zip(plain, more)) > len(plain) / 2
    assert digests(tmp_path)[1] == digests(packed)[1]


def test_no_token_but_end_is_special(home, packed):
    ids = np.fromfile(packed / "tokens/train.bin", "<u2")
    assert set(ids[ids < 4].tolist()) == {2}
    assert (ids < 400).all()


def test_the_json_tells_the_truth(home, packed):
    tokenizer = Tokenizer(home / "tok/tokenizer.json")
    total = 0
    for name in ("train", "val"):
        path = packed / f"tokens/{name}.bin"
        file = open_tokens(path, tokenizer, 400)
        texts = documents(path, tokenizer)
        assert file.documents == len(texts) and file.tokens == path.stat().st_size // 2
        assert file.text_bytes == sum(len(text.encode()) for text in texts)
        assert file.bytes_per_token == round(file.text_bytes / file.tokens, 4)
        assert file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        total += file.documents
    assert json.loads((packed / "tokens/manifest.json").read_text())["counts"]["documents"] == total == 203
    assert not (packed / "tokens/.packing").exists()


def test_the_bytes_do_not_depend_on_workers_shards_engine_or_buffer(home, packed, tmp_path, monkeypatch):
    pack_tokens.main(config(home, tmp_path / "workers", "data.workers=2"))
    assert digests(tmp_path / "workers") == digests(packed)
    deduped(tmp_path / "other/deduped", [*articles(200), *HOSTILE], per_shard=7)
    pack_tokens.main(config(home, tmp_path / "shards", f"data.deduped_dir={tmp_path / 'other/deduped'}"))
    assert digests(tmp_path / "shards") == digests(packed)
    monkeypatch.setattr(pack_tokens, "BUFFER", 500)  # a few documents at a time; the longest is larger
    pack_tokens.main(config(home, tmp_path / "buffer"))
    assert digests(tmp_path / "buffer") == digests(packed)
    pack_tokens.encoders.cache_clear()
    monkeypatch.setattr(pack_tokens, "HARD_TEXTS", [0])  # no fast encoder passes: the tokenizer itself encodes
    pack_tokens.main(config(home, tmp_path / "plain"))
    assert len(pack_tokens.encoders(home / "tok/tokenizer.json", Tokenizer(home / "tok/tokenizer.json").sha256)[0]) == 1
    pack_tokens.encoders.cache_clear()
    assert digests(tmp_path / "plain") == digests(packed)


def test_the_seed_changes_the_order_and_nothing_else(home, packed, tmp_path):
    tokenizer = Tokenizer(home / "tok/tokenizer.json")
    pack_tokens.main(config(home, tmp_path, "data.seed=1"))
    mine, other = (documents(out / "tokens/train.bin", tokenizer) for out in (tmp_path, packed))
    assert mine != other and sorted(mine) == sorted(other)


def test_up_to_date_until_something_changes(home, tmp_path, capsys):
    def again(*overrides):
        capsys.readouterr()
        pack_tokens.main(config(home, tmp_path, *overrides))
        return "up to date" in capsys.readouterr().out

    assert not again()
    before = (tmp_path / "tokens/train.bin").stat().st_mtime_ns
    assert again() and (tmp_path / "tokens/train.bin").stat().st_mtime_ns == before
    assert not again("data.val_fraction=0.2")
    assert again("data.val_fraction=0.2")
    (tmp_path / "tokens/val.bin").write_bytes(b"")
    assert not again("data.val_fraction=0.2")


@pytest.mark.parametrize("make", [pack_tokens.gigatoken_encoder, pack_tokens.tiktoken_encoder])
@pytest.mark.parametrize("split", ["gpt2", "o200k"])
def test_fast_encoders_equal_the_tokenizer(home, tmp_path, make, split):
    if split == "o200k":
        path = tmp_path / "tok/tokenizer.json"
        train_tokenizer.main(config(home, home, f"tokenizer.path={path}", "tokenizer.split=o200k"))
    tokenizer = Tokenizer(tmp_path / "tok/tokenizer.json" if split == "o200k" else home / "tok/tokenizer.json")
    try:
        fast = make(tokenizer)
    except ImportError as error:
        pytest.skip(str(error))
    plain = pack_tokens.plain_encoder(tokenizer)
    for text in [*pack_tokens.HARD_TEXTS, *(a["text"] for a in HOSTILE), *(a["text"] for a in articles(20))]:
        assert np.array_equal(fast(text), plain(text)), text[:50]

    @settings(deadline=None, max_examples=300)
    @given(
        st.text(
            alphabet=st.one_of(
                st.sampled_from(" \t\n\r'<|>end0123sdrvSLÉ/.,é中ิทหि🙂\u00a0\u2028\u200b"), st.characters(codec="utf-8")
            )
        )
    )
    def everywhere(text):
        assert np.array_equal(fast(text), plain(text))

    everywhere()


def test_a_fast_encoder_that_differs_is_not_used(home, monkeypatch, tmp_path, packed):
    def wrong(tokenizer):
        plain = pack_tokens.plain_encoder(tokenizer)
        return lambda text: plain(text)[::-1] if "Article" in text else plain(text)

    monkeypatch.setattr(pack_tokens, "gigatoken_encoder", wrong)
    monkeypatch.setattr(pack_tokens, "tiktoken_encoder", wrong)
    pack_tokens.encoders.cache_clear()
    pack_tokens.main(config(home, tmp_path))
    pack_tokens.encoders.cache_clear()
    assert digests(tmp_path) == digests(packed)


def test_each_side_gets_a_document():
    hashes = np.array([2**63, 2**62, 2**63 + 5], dtype=np.uint64)
    assert pack_tokens.split(hashes, 0.0001).tolist() == [False, True, False]
    assert pack_tokens.split(hashes, 0.9999).tolist() == [True, True, False]
    with pytest.raises(InputError, match="only 1 documents"):
        pack_tokens.split(hashes[:1], 0.5)


def test_missing_input_is_named(home, tmp_path):
    with pytest.raises(InputError, match="dedup.py"):
        pack_tokens.main(config(home, tmp_path, f"data.deduped_dir={tmp_path}/none"))
    with pytest.raises(InputError, match="train_tokenizer.py"):
        pack_tokens.main(config(home, tmp_path, f"tokenizer.path={tmp_path}/none.json"))


@pytest.mark.parametrize("keep", [-20, None, 0])
def test_a_shortened_shard_of_the_input_is_named_with_the_stage_that_makes_it(home, tmp_path, keep):
    """Cut in a line, after a whole line, or empty: what is left would have been packed without a word."""
    deduped(tmp_path / "deduped", articles(30))
    path = shards(tmp_path / "deduped", "dedup")[1]
    content = path.read_bytes()
    path.write_bytes(content[:keep] if keep is not None else content[: content.rindex(b"\n", 0, -1) + 1])
    with pytest.raises(InputError, match=r"part-00001\.jsonl: has .*python src/dedup\.py again"):
        pack_tokens.main(config(home, tmp_path, f"data.deduped_dir={tmp_path / 'deduped'}"))


def test_too_little_room_is_said_before_any_work(home, tmp_path, monkeypatch):
    monkeypatch.setattr(pack_tokens.shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(InputError, match="packing needs about 0.0 GB"):
        pack_tokens.main(config(home, tmp_path))
    assert not (tmp_path / "tokens/.packing").exists()


def test_another_stage_s_folder_is_left_alone(home, tmp_path):
    before = (home / "tok/manifest.json").read_bytes()
    with pytest.raises(InputError, match="holds what train_tokenizer made; give pack_tokens a folder of its own"):
        pack_tokens.main(config(home, tmp_path, f"data.train_bin={home}/tok/train.bin"))
    assert (home / "tok/manifest.json").read_bytes() == before


def run(home, out, *overrides, env=None):
    return subprocess.Popen(
        [
            sys.executable,
            ROOT / "src/pack_tokens.py",
            "--config",
            ROOT / "configs/demo.yaml",
            *arguments(home, out, *overrides),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env=os.environ | (env or {}),
    )


@pytest.mark.slow
def test_killed_anywhere_and_run_again_the_bytes_are_the_same(home, packed, tmp_path):
    """SIGKILL after the first shards, then between the files; the last run goes on and ends with the same bytes."""
    tokens = tmp_path / "tokens"
    for name, encoded in ((".packing/part-00001.npy", 2), (".packing/part-00005.npy", 6), ("tokens/train.bin", 11)):
        held = Held(tmp_path / f"held-{encoded}", name)
        held.kill(run(home, tmp_path, env=held.env))
        assert len(list((tokens / ".packing").glob("*.npy"))) == encoded
    process = run(home, tmp_path)
    output = process.communicate(timeout=600)[0]
    assert process.returncode == 0, output
    assert digests(tmp_path) == digests(packed)
    assert "going on after 11 encoded shards" in output
    assert not (tokens / ".packing").exists() and not list(tokens.glob(".*.tmp-*"))


def test_killed_while_the_files_are_replaced_old_and_new_are_never_mixed(home, tmp_path, monkeypatch):
    pack_tokens.main(config(home, tmp_path))

    class Killed(BaseException):
        pass

    def killed(path, value):
        raise Killed

    monkeypatch.setattr(pack_tokens, "write_json", killed)  # after train.bin has been replaced, before its .json
    with pytest.raises(Killed):
        pack_tokens.main(config(home, tmp_path, "data.seed=2"))
    with pytest.raises(InputError, match="train.json.*pack_tokens"):
        TokenFile(tmp_path / "tokens/train.bin")
    monkeypatch.undo()
    pack_tokens.main(config(home, tmp_path, "data.seed=2"))
    pack_tokens.main(config(home, tmp_path / "undisturbed", "data.seed=2"))
    assert digests(tmp_path) == digests(tmp_path / "undisturbed")


def test_a_second_run_on_the_same_folder_is_told(home, tmp_path):
    from pipeline.files import lock

    with lock(tmp_path / "tokens"):
        process = run(home, tmp_path)
        output = process.communicate(timeout=600)[0]
    assert process.returncode == 2 and "another run is writing here" in output


# other text beside the articles


def with_other_text(home, folder, web=900):
    """The same articles with two sources, each of more than is asked for. -> their documents, an override for each"""
    lines = [f"Web page {n} tells of the number {n * 7919} in plain words." for n in range(web)]
    books = [f"Chapter {n}: <|end|> is only text, and so is {n * 31}." for n in range(900)]
    titled = [books[0], ("Book", books[1]), *books[2:]]
    deduped(folder / "deduped", [*articles(200), *HOSTILE], more={"web": lines, "books.parquet": titled})
    more = [{"path": "books.parquet", "share": 0.2}, {"path": "web", "share": 0.3}]  # in another order than on disk
    overrides = [f"data.more={json.dumps(more)}", f"data.deduped_dir={folder / 'deduped'}"]
    return lines, [books[0], f"# Book\n\n{books[1]}", *books[2:]], overrides


def test_other_text_comes_in_by_its_share(home, packed, tmp_path):
    lines, books, overrides = with_other_text(home, tmp_path)
    pack_tokens.main(config(home, tmp_path, *overrides))
    tokenizer = Tokenizer(home / "tok/tokenizer.json")
    train, val = (documents(tmp_path / f"tokens/{name}.bin", tokenizer) for name in ("train", "val"))
    articles_alone = [documents(packed / f"tokens/{name}.bin", tokenizer) for name in ("train", "val")]
    everything = sum(len(np.fromfile(tmp_path / f"tokens/{name}.bin", "<u2")) for name in ("train", "val"))
    places = {}
    for source, share in ((lines, 0.3), (books, 0.2)):
        found = [document for document in train if document in set(source)]
        assert sorted(found) == sorted(source[: len(found)]), "from the beginning, each once"
        tokens = sum(len(tokenizer.encode(document)) + 1 for document in found)
        assert share * everything - 60 < tokens < share * everything + 60, "to a document"
        places[share] = [place for place, document in enumerate(train) if document in set(source)]
        train_places = np.array(places[share]) / len(train)
        assert 0.35 < train_places.mean() < 0.65, "all over the file"
    rest = [document for document in train if document not in {*lines, *books}]
    assert sorted(rest) == sorted(articles_alone[0]) and sorted(val) == sorted(articles_alone[1])
    made = json.loads((tmp_path / "tokens/manifest.json").read_text())["more"]
    assert {path: about["documents"] for path, about in made.items()} == {
        "books.parquet": len(places[0.2]),
        "web": len(places[0.3]),
    }


def test_without_data_more_the_articles_are_packed_alone(home, packed, tmp_path):
    overrides = with_other_text(home, tmp_path)[2]
    pack_tokens.main(config(home, tmp_path, overrides[1]))
    assert digests(tmp_path) == digests(packed)


def test_other_text_goes_on_after_a_crash_and_is_made_anew_when_it_changes(home, tmp_path, monkeypatch, capsys):
    overrides = with_other_text(home, tmp_path)[2]
    pack_tokens.main(config(home, tmp_path / "whole", *overrides))
    calls, real = [], pack_tokens.encode_other

    def dying(job):
        calls.append(job[0].name)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(job)

    monkeypatch.setattr(pack_tokens, "encode_other", dying)
    with pytest.raises(KeyboardInterrupt):
        pack_tokens.main(config(home, tmp_path / "killed", *overrides))
    pack_tokens.main(config(home, tmp_path / "killed", *overrides))
    assert digests(tmp_path / "killed") == digests(tmp_path / "whole")
    first, again = calls[:3], calls[4:]
    assert first == ["more-1-00000.jsonl", "more-1-00001.jsonl", "more-1-00002.jsonl"]
    assert not set(first) & set(again) and len(set(again)) == len(again), "three were there"
    capsys.readouterr()
    pack_tokens.main(config(home, tmp_path / "whole", *overrides))
    assert "up to date" in capsys.readouterr().out
    with_other_text(home, tmp_path, web=20)
    pack_tokens.main(config(home, tmp_path / "whole", *overrides))
    assert "up to date" not in (out := capsys.readouterr().out) and "\nweb: " in out and ", 20 documents" in out
    pack_tokens.main(config(home, tmp_path / "whole", overrides[0].replace("0.3", "0.1"), overrides[1]))
    assert "up to date" not in capsys.readouterr().out, "another share is another file"


def test_a_source_that_is_too_short_is_taken_whole_and_said(home, tmp_path, capsys):
    deduped(tmp_path / "deduped", articles(200), more={"few": ["Two.", "Words."]})
    overrides = [f"data.deduped_dir={tmp_path / 'deduped'}", 'data.more=[{"path": "few", "share": 0.5}]']
    pack_tokens.main(config(home, tmp_path, *overrides))
    out = capsys.readouterr().out
    assert "warning: few: what clean.py and dedup.py left of it is" in out and "tokens short of a share of 0.5" in out
    train = documents(tmp_path / "tokens/train.bin", Tokenizer(home / "tok/tokenizer.json"))
    assert train.count("Two.") == train.count("Words.") == 1


def test_a_source_that_never_went_through_clean_is_one_line(home, tmp_path):
    with pytest.raises(InputError, match="deduped: has no text of web, which data.more names; run python src/clean.py"):
        pack_tokens.main(config(home, tmp_path, 'data.more=[{"path": "web", "share": 0.5}]'))


@pytest.mark.parametrize(
    "more, words",
    [
        ([{"path": "a", "share": 0.6}, {"path": "b", "share": 0.4}], "shares of data.more are 1 together"),
        ([{"path": "a", "share": 0.1}, {"path": "a", "share": 0.2}], "has a twice"),
        ([{"path": "a", "share": 1.5}], "data.more"),
    ],
)
def test_shares_that_leave_nothing_are_refused(home, tmp_path, more, words):
    with pytest.raises(InputError, match=words):
        config(home, tmp_path, f"data.more={json.dumps(more)}")
