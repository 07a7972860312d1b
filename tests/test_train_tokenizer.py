"""train_tokenizer.py on small articles made here, and on real ones when the corpus is there."""

import json
import lzma

import pytest
from tokenizers import Tokenizer as HFTokenizer

import train_tokenizer
from deduped_folder import articles, deduped
from gpt.tokenizer import Tokenizer
from pipeline.config import InputError, load_config


def config(folder, *overrides):
    return load_config(
        "configs/demo.yaml",
        [
            f"data.deduped_dir={folder / 'deduped'}",
            f"tokenizer.path={folder / 'tok/tokenizer.json'}",
            "model.vocab_size=400",
            "data.workers=1",
            "tokenizer.cases=false",
            "tokenizer.talk=0",
            *overrides,
        ],
    )


@pytest.fixture
def folder(tmp_path):
    deduped(tmp_path / "deduped", articles(100))
    return tmp_path


def test_specials_first_then_all_bytes_then_merges(folder, capsys):
    train_tokenizer.main(config(folder))
    tokenizer = HFTokenizer.from_file(str(folder / "tok/tokenizer.json"))
    assert [tokenizer.id_to_token(i) for i in range(4)] == ["<|user|>", "<|assistant|>", "<|end|>", "<|pad|>"]
    assert len({tokenizer.id_to_token(i) for i in range(4, 260)}) == 256
    assert all(len(tokenizer.id_to_token(i)) == 1 for i in range(4, 260))
    assert all(len(tokenizer.id_to_token(i)) > 1 for i in range(260, 400))
    assert tokenizer.get_vocab_size() == 400
    assert "400 tokens" in capsys.readouterr().out


def test_every_text_survives_and_none_yields_a_special_id(folder):
    train_tokenizer.main(config(folder))
    tokenizer = Tokenizer(folder / "tok/tokenizer.json")
    for text in [
        "<|end|>",
        "a<|user|>b",
        "\t\n  \r\n",
        "🙂👩‍👩‍👧‍👦",
        "".join(chr(i) for i in range(0x250)),
        "\u2028\ufeff\U0010ffff",
    ]:
        ids = tokenizer.encode(text)
        assert tokenizer.decode(ids) == text and min(ids) > 3


def test_with_cases_capitals_take_fewer_tokens(folder):
    """Without them the capitals, which the articles have not, are spelled letter by letter."""
    lengths = {}
    for cases in ("false", "true"):
        train_tokenizer.main(config(folder, f"tokenizer.cases={cases}"))
        tokenizer = Tokenizer(folder / "tok/tokenizer.json")
        lengths[cases] = [len(tokenizer.encode(word)) for word in (" mountain", " MOUNTAIN")]
    assert lengths["false"] == [1, 9] and lengths["true"][0] == 1 and lengths["true"][1] < 7


def test_with_talk_what_people_say_takes_fewer_tokens(folder, capsys):
    lengths, counts = {}, {}
    for share in (0, 0.5):
        train_tokenizer.main(config(folder, f"tokenizer.talk={share}"))
        tokenizer = Tokenizer(folder / "tok/tokenizer.json")
        lengths[share] = len(tokenizer.encode("What can you tell me? Please help, and thank you!"))
        counts[share] = json.loads((folder / "tok/manifest.json").read_text())["counts"]
    assert lengths[0.5] < 0.75 * lengths[0]
    assert counts[0.5]["documents"] == counts[0]["documents"] and counts[0]["talk"] == 0 < counts[0.5]["talk"]
    assert (
        f"training on {counts[0]['documents']:,} documents and {counts[0.5]['talk']:,} lines" in capsys.readouterr().out
    )


def test_talk_is_the_share_of_all_bytes_and_the_same_every_time():
    texts = ["x" * 3000, "é" * 500]
    said = train_tokenizer.talk(texts, 0.2, seed=1)
    size = sum(len(line.encode()) for line in said)
    assert 1000 <= size < 1000 + max(len(line.encode()) for line in said)
    assert said == train_tokenizer.talk(texts, 0.2, seed=1) != train_tokenizer.talk(texts, 0.2, seed=2)
    assert train_tokenizer.talk(texts, 0.0, seed=1) == []


def test_the_same_tokenizer_whatever_the_workers(tmp_path):
    made = []
    for name, workers in (("a", 1), ("b", 2)):
        deduped(tmp_path / name / "deduped", articles(100))
        train_tokenizer.main(config(tmp_path / name, f"data.workers={workers}"))
        made.append((tmp_path / name / "tok/tokenizer.json").read_bytes())
    assert made[0] == made[1]


def test_up_to_date_until_settings_text_or_file_change(folder, capsys):
    path = folder / "tok/tokenizer.json"
    train_tokenizer.main(config(folder))
    first = path.read_bytes()
    capsys.readouterr()
    train_tokenizer.main(config(folder))
    assert "up to date" in capsys.readouterr().out
    path.write_text("{}")
    train_tokenizer.main(config(folder))
    assert path.read_bytes() == first
    train_tokenizer.main(config(folder, "model.vocab_size=390"))
    assert HFTokenizer.from_file(str(path)).get_vocab_size() == 390
    deduped(folder / "deduped", articles(100, seed=1))
    capsys.readouterr()
    train_tokenizer.main(config(folder, "model.vocab_size=390"))
    assert "up to date" not in capsys.readouterr().out


def test_too_little_text_says_so_and_leaves_the_good_one(folder):
    train_tokenizer.main(config(folder))
    path = folder / "tok/tokenizer.json"
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"vocab_size is 60,000.*made only \d+ tokens: set model.vocab_size=\d+"):
        train_tokenizer.main(config(folder, "model.vocab_size=60000"))
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.glob(".*tmp*")] == []


def test_the_size_that_the_message_advises_works(folder):
    with pytest.raises(InputError) as error:
        train_tokenizer.main(config(folder, "model.vocab_size=60000"))
    advised = str(error.value).split("set model.vocab_size=")[1].split()[0]
    train_tokenizer.main(config(folder, f"model.vocab_size={advised}"))


def test_a_tokenizer_that_fails_its_checks_does_not_replace_a_good_one(folder, monkeypatch):
    train_tokenizer.main(config(folder))
    path = folder / "tok/tokenizer.json"
    before = path.read_bytes()

    def lossy(*arguments):
        tokenizer = train(*arguments)
        from tokenizers import normalizers

        tokenizer.normalizer = normalizers.Lowercase()
        return tokenizer

    train = train_tokenizer.train
    monkeypatch.setattr(train_tokenizer, "train", lossy)
    with pytest.raises(AssertionError, match="round trip"):
        train_tokenizer.main(config(folder, "model.vocab_size=380"))
    assert path.read_bytes() == before


def test_the_sample_is_shuffled_bounded_and_from_everywhere(folder):
    cfg = config(folder, "tokenizer.sample_mb=0.01")
    paths = sorted((folder / "deduped").glob("part-*"))
    sample = train_tokenizer.draw_sample(cfg, paths, [])
    assert sum(len(text.encode()) for text in sample) <= 10_000
    numbers = [int(text.split("\n")[0].removeprefix("# Article ")) for text in sample]
    assert len(set(numbers)) == len(numbers) > 10
    assert numbers != sorted(numbers) and {(n - 1) // 20 for n in numbers} == {0, 1, 2, 3, 4}
    everything = train_tokenizer.draw_sample(config(folder, "tokenizer.sample_mb=10"), paths, [])
    assert len(everything) == 100


def web(count):
    """Texts with a long word that no article has."""
    return [f"Page {n}: the zyxomatic press told its zyxomatic readers of number {n * 7919}." for n in range(count)]


@pytest.mark.parametrize("megabytes, of_articles", [(10, 1.0), (0.02, 0.6)])
def test_other_text_is_drawn_by_its_share(tmp_path, megabytes, of_articles):
    """100 articles of some 400 bytes, all of them or 12,000 bytes; of the sources 3 and 1 for every 6 bytes of that."""
    texts = {"web": web(2000), "books": [("Book", f"Chapter {n} is about {n * 31} things. " * 4) for n in range(500)]}
    folder = deduped(tmp_path / "deduped", articles(100), more=texts)
    more = [(sorted(folder.glob("more-0-*")), 0.3), (sorted(folder.glob("more-1-*")), 0.1)]
    cfg = config(tmp_path, f"tokenizer.sample_mb={megabytes}")
    sample = train_tokenizer.draw_sample(cfg, sorted(folder.glob("part-*")), more)
    kinds = {"A": 0, "P": 0, "B": 0}  # by the first letter of "# Article", "Page", "# Book"
    for text in sample:
        kinds[text.removeprefix("# ")[0]] += len(text.encode())
    if of_articles == 1.0:
        assert kinds["A"] == sum(len(f"# {a['title']}\n\n{a['text']}".encode()) for a in articles(100))
    else:
        assert 9_000 < kinds["A"] <= 12_000
    assert kinds["A"] / 2 - 90 < kinds["P"] <= kinds["A"] / 2, "to a page"
    assert kinds["A"] / 6 - 150 < kinds["B"] <= kinds["A"] / 6
    order = [text.removeprefix("# ")[0] for text in sample]
    assert "P" in order[: len(order) // 10] and "A" in order[-len(order) // 2 :], "all over the sample"


def test_the_tokenizer_has_seen_other_text(tmp_path, capsys):
    deduped(tmp_path / "deduped", articles(100), more={"web": web(500)})
    path = tmp_path / "tok/tokenizer.json"
    train_tokenizer.main(config(tmp_path))
    alone = len(Tokenizer(path).encode(" zyxomatic"))
    more = 'data.more=[{"path": "web", "share": 0.4}]'
    train_tokenizer.main(config(tmp_path, more))
    assert len(Tokenizer(path).encode(" zyxomatic")) == 1 < alone
    capsys.readouterr()
    train_tokenizer.main(config(tmp_path, more))
    assert "up to date" in capsys.readouterr().out
    train_tokenizer.main(config(tmp_path, more.replace("0.4", "0.3")))
    assert "up to date" not in capsys.readouterr().out
    with pytest.raises(InputError, match="deduped: has no text of books, which data.more names"):
        train_tokenizer.main(config(tmp_path, 'data.more=[{"path": "books", "share": 0.4}]'))


def test_held_out_documents_are_not_trained_on():
    texts, held_out = train_tokenizer.split_sample([str(i) for i in range(1000)])
    assert len(held_out) == 20 and not set(texts) & set(held_out) and len(texts) == 980
    assert [len(part) for part in train_tokenizer.split_sample(["a", "b"])] == [1, 1]
    with pytest.raises(InputError, match="only 1 documents"):
        train_tokenizer.split_sample(["a"])


def test_the_report_counts_what_encoding_gives(folder):
    train_tokenizer.main(config(folder))
    tokenizer = Tokenizer(folder / "tok/tokenizer.json")
    held_out = ["river city mountain", "日本"]
    facts = train_tokenizer.describe(tokenizer, held_out)
    ids = [i for text in held_out for i in tokenizer.encode(text)]
    assert facts["held_out_tokens"] == len(ids)
    assert facts["bytes_per_token"] == pytest.approx((19 + 6) / len(ids), abs=1e-4)
    pieces = [tokenizer.hf.id_to_token(i) for i in ids]
    assert facts["single_byte_share"] == pytest.approx(sum(len(p) == 1 for p in pieces) / len(ids), abs=1e-4)
    assert sum(facts["lengths"]) == 400 - 4 and facts["lengths"][0] == 256
    assert facts["examples"][0][:2] == [tokenizer.decode([i]) for i in tokenizer.encode(held_out[0])[:2]]
    lengths = [len(token.encode()) for token in facts["longest_tokens"]]
    assert lengths == sorted(lengths, reverse=True) and lengths[0] >= 5
    assert json.loads((folder / "tok/manifest.json").read_text())["tokenizer"]["vocab_size"] == 400


def test_pieces_of_characters_are_spelled_as_bytes():
    assert train_tokenizer.spell(" é".encode()) == " é" and train_tokenizer.spell("日".encode()[:2]) == "‹e6 97›"


def test_no_input_is_one_clear_line(tmp_path):
    with pytest.raises(InputError, match="deduped.*dedup.py"):
        train_tokenizer.main(config(tmp_path))


def test_a_shard_that_was_altered_is_named(folder):
    path = folder / "deduped/part-00002.jsonl"
    path.write_bytes(path.read_bytes().replace(b"river", b"rover"))  # of the same size
    with pytest.raises(InputError, match=r"part-00002\.jsonl: has other content.*python src/dedup\.py again"):
        train_tokenizer.main(config(folder))


@pytest.mark.slow
def test_real_text_gives_a_full_vocabulary_and_few_tokens(corpus, tmp_path):
    records = []
    with lzma.open(corpus / "text/enwiki2015-part-00.jsonl.xz") as f:
        for line, _ in zip(f, range(400)):
            record = json.loads(line)
            records.append({"id": int(record["id"]), "title": record["title"], "url": "", "text": record["text"]})
    deduped(tmp_path / "deduped", records, 100)
    train_tokenizer.main(config(tmp_path, "model.vocab_size=8192", "tokenizer.sample_mb=4"))
    facts = json.loads((tmp_path / "tok/manifest.json").read_text())["tokenizer"]
    assert facts["vocab_size"] == 8192 and facts["bytes_per_token"] > 3.4
