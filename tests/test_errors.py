"""What goes wrong for a user: one clear line for each problem, exit status 2, no traceback, nothing overwritten."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from pipeline.config import load_config
from tiny import tiny_checkpoint, tiny_tokenizer

ROOT = Path(__file__).resolve().parents[1]


def run(stage: str, *arguments: str, config: str = "configs/demo.yaml"):
    """-> (exit status, lines of stderr that are errors), after checking that there is no traceback."""
    done = subprocess.run(
        [sys.executable, ROOT / "src" / f"{stage}.py", "--config", config, *arguments],
        text=True,
        capture_output=True,
        timeout=120,
        cwd="/",
        stdin=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, [line for line in done.stderr.splitlines() if line.startswith("error: ")]


def elsewhere(folder) -> list[str]:
    """Overrides that put everything the demo makes under `folder`, where nothing is, its dump too."""
    return [f"out={folder}", f"data.dump={folder}/data/raw/{Path(load_config('configs/demo.yaml').data.dump).name}"]


@pytest.mark.parametrize(
    "stage, names",
    [
        ("extract", "miniwiki-20260101"),
        ("clean", "extract.py"),
        ("dedup", "clean.py"),
        ("train_tokenizer", "dedup.py"),
        ("pack_tokens", "dedup.py"),
        ("train", "train_tokenizer.py"),
        ("sample", "base/latest"),
        ("eval_ppl", "base/latest"),
        ("gen_sft_data", "dedup.py"),
        ("train_sft", "gen_sft_data.py"),
        ("gen_pref_data", "gen_sft_data.py"),
        ("train_dpo", "gen_pref_data.py"),
        ("judge_eval", "sft/latest"),
        ("serve", "dpo/latest"),
    ],
)
def test_missing_input_is_named_with_the_stage_that_makes_it(stage, names, tmp_path):
    status, errors = run(stage, *elsewhere(tmp_path))
    assert status == 2 and any(names in line for line in errors), errors
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and p.name != ".lock"]


@pytest.mark.parametrize(
    "arguments, line",
    [
        (["train.max_itres=5"], "error: command line: unknown key 'train.max_itres'; did you mean 'train.max_iters'?"),
        (["model.n_layer=many"], "model.n_layer"),
        (["trian.lr=1"], "did you mean 'train'?"),
        (["lr=1"], "section.key=value"),
    ],
)
def test_a_wrong_key_or_value_is_named(arguments, line):
    status, errors = run("train", *arguments)
    assert status == 2 and len(errors) == 1 and line in errors[0], errors


def test_a_config_that_is_not_there():
    status, errors = run("train", config="configs/bsae.yaml")
    assert status == 2 and len(errors) == 1 and "configs/bsae.yaml" in errors[0]


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_no_gpu_for_base_yaml(tmp_path):
    status, errors = run("train", config="configs/base.yaml")
    assert status == 2 and any("cuda" in line and "scripts/demo.sh" in line for line in errors), errors


def test_a_truncated_dump_is_an_error_and_leaves_no_manifest(corpus, tmp_path):
    status, errors = run("extract", *elsewhere(tmp_path), f"data.dump={corpus}/dumps/enwiki-2025-truncated.xml")
    assert status == 2 and len(errors) == 1 and "enwiki-2025-truncated.xml" in errors[0], errors
    assert not list(tmp_path.rglob("manifest.json"))


def test_tokens_of_another_tokenizer_are_refused(tmp_path):
    other = tiny_tokenizer(tmp_path / "tokenizer/tokenizer.json", vocab_size=280)
    folder = tmp_path / "data/tokens"
    folder.mkdir(parents=True)
    for name in ("train", "val"):
        (folder / f"{name}.bin").write_bytes(b"\x05\x00" * 5000)
        (folder / f"{name}.json").write_text(
            json.dumps(
                {
                    "tokens": 5000,
                    "documents": 1,
                    "text_bytes": 20000,
                    "bytes_per_token": 4.0,
                    "dtype": "little-endian uint16",
                    "sha256": "0" * 64,
                    "tokenizer_sha256": "0" * 64,
                    "vocab_size": 300,
                }
            )
        )
    status, errors = run("train", *elsewhere(tmp_path))
    assert status == 2 and any("tokenizer" in line and "train.bin" in line for line in errors), errors
    assert other.path.exists() and not (tmp_path / "checkpoints/base/latest").exists()


def test_a_checkpoint_of_another_shape_is_refused_and_kept(tmp_path):
    """Pretraining goes on from what is in its folder: a model of another shape there must not be touched."""
    checkpoint = tiny_checkpoint(tmp_path / "checkpoints/base").resolve()
    (checkpoint / "training_state").mkdir()
    before = {p: p.read_bytes() for p in checkpoint.rglob("*") if p.is_file()}
    status, errors = run(
        "sample",
        *elsewhere(tmp_path),
        f"sample.checkpoint={tmp_path}/checkpoints/base/latest",
        "sample.max_new_tokens=4",
    )
    assert status == 0, errors
    weights = checkpoint / "model.safetensors"
    config = json.loads((checkpoint / "config.json").read_text())
    config["hidden_size"] = 64
    (checkpoint / "config.json").write_text(json.dumps(config))
    status, errors = run("sample", *elsewhere(tmp_path), f"sample.checkpoint={tmp_path}/checkpoints/base/latest")
    assert status == 2 and len(errors) == 1 and "latest" in errors[0], errors
    assert weights.read_bytes() == before[weights]


def test_a_damaged_tokenizer_is_named(tmp_path):
    checkpoint = tiny_checkpoint(tmp_path / "checkpoints/base").resolve()
    (checkpoint / "tokenizer.json").write_text("{}")
    status, errors = run("sample", *elsewhere(tmp_path))
    assert status == 2 and len(errors) == 1 and "tokenizer.json" in errors[0], errors


def test_a_port_in_use_is_named(tmp_path):
    checkpoint = tiny_checkpoint(tmp_path / "c")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, errors = run("serve", f"serve.checkpoint={checkpoint}", f"serve.port={port}")
    assert status == 2 and len(errors) == 1 and str(port) in errors[0], errors


def test_a_dump_that_is_no_dump(tmp_path):
    (tmp_path / "x.xml.bz2").write_bytes(b"this is not a bz2 file" * 100)
    status, errors = run("extract", *elsewhere(tmp_path), f"data.dump={tmp_path}/x.xml.bz2")
    assert status == 2 and len(errors) == 1 and "x.xml.bz2" in errors[0], errors


def test_run_all_stops_at_the_stage_that_failed(tmp_path):
    if shutil.which("bash") is None:
        pytest.skip("no bash")
    done = subprocess.run(
        ["bash", ROOT / "scripts/run_all.sh", "--config", "configs/demo.yaml", "--out", tmp_path, "--from", "dedup"],
        text=True,
        capture_output=True,
        timeout=120,
        env={**os.environ, "PYTHON": sys.executable},
    )
    assert done.returncode == 2 and "dedup ended with status 2" in done.stderr and "train_tokenizer" not in done.stdout
