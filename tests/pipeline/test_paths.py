"""Where the paths of a config lie: under out, under corpus, at the repo root, where the user is."""

import os

import pytest

from pipeline.config import ROOT, Config, InputError, Place, load_config, places

BASE = "configs/base.yaml"


def test_everything_made_lies_under_out():
    cfg = load_config(BASE, ["out=runs/mine"])
    assert cfg.data.deduped_dir == "runs/mine/data/clean/deduped"
    assert cfg.tokenizer.path == "runs/mine/tokenizer/tokenizer.json"
    assert cfg.train.checkpoint_dir == "runs/mine/checkpoints"
    assert cfg.sft.checkpoint == "runs/mine/checkpoints/base/latest"
    assert cfg.dpo.checkpoint == cfg.pref.checkpoint == "runs/mine/checkpoints/sft/latest"
    assert cfg.judge.checkpoints["dpo"] == "runs/mine/checkpoints/dpo/latest"
    assert cfg.eval.checkpoints == ["runs/mine/checkpoints/base/latest"]
    assert cfg.data.dump == "data/raw/enwiki-latest-pages-articles-multistream.xml.bz2"  # fetched once, for all runs


def test_a_shared_corpus_stays_where_it_is():
    cfg = load_config(BASE, ["out=runs/mine", "corpus=."])
    assert cfg.data.train_bin == "data/tokens/train.bin" and cfg.tokenizer.path == "tokenizer/tokenizer.json"
    assert cfg.sft.train_file == "runs/mine/data/sft/train.jsonl"
    assert cfg.judge.report == "runs/mine/reports/judge"


def test_without_out_the_paths_are_those_of_the_file():
    cfg = load_config(BASE)
    assert (cfg.out, cfg.corpus) == (".", ".")
    assert cfg.train.checkpoint_dir == "checkpoints" and cfg.data.train_bin == "data/tokens/train.bin"


def test_the_checkpoint_before_follows_the_checkpoint_folder(tmp_path):
    cfg = load_config(BASE, [f"train.checkpoint_dir={tmp_path}"])
    assert cfg.sft.checkpoint == f"{tmp_path}/base/latest"


def test_dot_starts_where_the_user_is(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    cfg = load_config(BASE, ["out=./here", "data.dump=../my.xml.bz2", "serve.checkpoint=./model"])
    assert cfg.out == cfg.corpus == f"{tmp_path}/a/here"
    assert cfg.train.checkpoint_dir == f"{tmp_path}/a/here/checkpoints"
    assert cfg.data.extracted_dir == f"{tmp_path}/a/here/data/extracted"
    assert cfg.data.dump == f"{tmp_path}/my.xml.bz2" and cfg.serve.checkpoint == f"{tmp_path}/a/model"


def test_dot_in_a_file_starts_at_the_file(tmp_path, monkeypatch):
    (tmp_path / "mine.yaml").write_text(f"inherits: {ROOT}/configs/base.yaml\nout: ./run\n")
    for name in (str(tmp_path / "mine.yaml"), "mine.yaml", "../" + tmp_path.name + "/mine.yaml"):
        monkeypatch.chdir(tmp_path)
        cfg = load_config(name)
        assert cfg.train.checkpoint_dir == f"{tmp_path}/run/checkpoints"
        assert cfg.data.extracted_dir == f"{tmp_path}/run/data/extracted" and cfg.corpus == f"{tmp_path}/run"


@pytest.mark.parametrize("dot", ["./", "../", "deep/"])
@pytest.mark.parametrize("how", ["command line", "file"])
def test_wherever_out_starts_all_that_is_made_lies_there(tmp_path, monkeypatch, dot, how):
    """Every key that holds a path of what is made, by its place: none may start somewhere else than out."""
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    (tmp_path / "a/mine.yaml").write_text(f"inherits: {ROOT}/configs/base.yaml\nout: {dot}x\n")
    cfg = load_config("mine.yaml") if how == "file" else load_config(BASE, [f"out={dot}x"])
    whole = {"./": f"{tmp_path}/a/x", "../": f"{tmp_path}/x", "deep/": "deep/x"}[dot]  # without a dot: at the repo root
    for section in Config.model_fields:
        for key, place in places(section).items():
            value = getattr(getattr(cfg, section), key)
            if place.under in ("out", "corpus") and isinstance(value, str) and value not in ("", "auto"):
                assert value.startswith(f"{whole}/"), f"{section}.{key}"


def test_what_a_shell_completes_is_found(tmp_path, monkeypatch):
    """`serve.checkpoint=demo/checkpoints/x` names what is there, though the config's paths are under out already."""
    (tmp_path / "demo/checkpoints/x").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    given = load_config(BASE, ["out=demo", "serve.checkpoint=demo/checkpoints/x"])
    assert given.serve.checkpoint == f"{tmp_path}/demo/checkpoints/x"
    # what is made is never looked for elsewhere: a run could write into another's folder
    assert load_config(BASE, ["out=demo", "train.checkpoint_dir=demo"]).train.checkpoint_dir == "demo/demo"


def test_names_that_are_no_paths_stay(tmp_path):
    cfg = load_config(BASE, ["out=demo", "eval.checkpoints=[hf:gpt2, /abs/model]"])
    assert list(cfg.eval.checkpoints) == ["hf:gpt2", "/abs/model"]


def test_every_key_that_holds_a_path_says_where_it_lies():
    """A path without a place would be read at the repo root by every run."""
    said = {"ssh_key", "base_url", "scheduler"}  # of the user's machine, and of the network
    for section, field in Config.model_fields.items():
        for key, about in getattr(field.annotation, "model_fields", {}).items():
            value = getattr(getattr(load_config(BASE), section), key)
            looks = isinstance(value, str) and "/" in value and not value.startswith(("http", "pytorch/", "Qwen/"))
            if looks and key not in said:
                assert any(isinstance(m, Place) for m in about.metadata), f"{section}.{key}"


@pytest.mark.parametrize("text", ["", "# only a comment\n"])
def test_an_empty_file_is_one_line(tmp_path, text):
    (tmp_path / "empty.yaml").write_text(text)
    with pytest.raises(InputError, match="inherits: base.yaml") as error:
        load_config(str(tmp_path / "empty.yaml"))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("override, named", [("again=maybe", "again"), ("outt=x", "outt"),
                                             ("corpus=[a]", "corpus")])  # fmt: skip
def test_a_wrong_top_level_key_is_named(override, named):
    with pytest.raises(InputError, match=named):
        load_config(BASE, [override])


def test_a_name_that_others_use_is_known():
    with pytest.raises(InputError, match=r"did you mean 'train\.lr'"):
        load_config(BASE, ["train.learning_rate=1e-3"])


def test_presets_make_nothing_outside_their_folder():
    made = {"fast": "runs/fast", "simplewiki": "runs/simplewiki", "demo": "demo"}
    for name, folder in made.items():
        cfg = load_config(f"configs/{name}.yaml")
        assert cfg.train.checkpoint_dir == os.path.join(folder, "checkpoints")
    assert load_config("configs/fast.yaml").data.train_bin == load_config(BASE).data.train_bin
