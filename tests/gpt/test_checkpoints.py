"""Checkpoints: what transformers reads is what we had; torn, damaged, foreign and old ones are dealt with."""

import json
import os
import shutil
import subprocess

import pytest
import torch
from safetensors import SafetensorError

from gpt import chat, checkpoints
from gpt.tokenizer import Tokenizer
from model import WikiGPT
from pipeline.config import InputError
from tiny import tiny_checkpoint, tiny_model, tiny_tokenizer

AWKWARD = "Gold\tis 🥇 <|end|> and\n\n東京 <|user|>  Zürich"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return tiny_checkpoint(tmp_path_factory.mktemp("saved"))


def save(folder, step: int, seed: int = 0, **options):
    tokenizer = tiny_tokenizer(folder / "tokenizer.json")
    return checkpoints.save(
        folder, f"step_{step:07d}", tiny_model(tokenizer.vocab_size, seed=seed), tokenizer, **options
    )


# what others read


def test_transformers_gives_the_same_logits_ids_and_chat(saved):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model, tokenizer = checkpoints.load(saved)
    theirs, their_tokenizer = AutoModelForCausalLM.from_pretrained(saved).eval(), AutoTokenizer.from_pretrained(saved)
    ids = torch.randint(4, 300, (2, 40), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(model(ids), theirs(ids).logits, rtol=1e-4, atol=1e-4)
    assert their_tokenizer.encode(AWKWARD, add_special_tokens=False, split_special_tokens=True) == tokenizer.encode(
        AWKWARD
    )
    assert their_tokenizer.decode(tokenizer.encode(AWKWARD)) == AWKWARD
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is gold?"},
        {"role": "assistant", "content": "A metal."},
        {"role": "user", "content": "Its symbol?"},
    ]
    ours = chat.encode(tokenizer, messages, add_generation_prompt=True)[0]
    rendered = their_tokenizer.apply_chat_template(
        messages, add_generation_prompt=True, tokenize=True, return_dict=True
    )
    assert rendered["input_ids"] == ours
    assert (their_tokenizer.eos_token_id, their_tokenizer.pad_token_id) == (2, 3)
    assert theirs.generation_config.eos_token_id == 2


def test_names_go_to_hugging_face_and_back(saved):
    model, _ = checkpoints.load(saved)
    there = checkpoints.to_hf(model.state_dict())
    assert there["model.layers.1.self_attn.k_proj.weight"].equal(model.layers[1].self_attn.qkv_proj.weight[32:64])
    assert there["model.layers.0.mlp.up_proj.weight"].equal(model.layers[0].mlp.gate_up_proj.weight[64:])
    back = checkpoints.from_hf(there, 2)
    assert back.keys() == model.state_dict().keys()
    assert all(back[name].equal(tensor) for name, tensor in model.state_dict().items())


def test_no_pickle_anywhere(saved):
    assert {p.suffix for p in saved.rglob("*") if p.is_file()} <= {".json", ".safetensors", ".jinja"}


# whole or not at all


def test_training_state_comes_back_as_it_was(tmp_path):
    tensors = {
        "adamw.exp_avg:a": torch.randn(3, 4),
        "adamw.step:a": torch.tensor(7.0),
        "bits": torch.arange(5, dtype=torch.uint8),
    }
    path = save(tmp_path, 7, state={"step": 7, "best_val_loss": 2.5, "wandb_id": None}, tensors=tensors)
    state, back = checkpoints.load_training_state(path)
    assert state == {"step": 7, "best_val_loss": 2.5, "wandb_id": None}
    assert back.keys() == tensors.keys() and all(
        back[k].equal(v) and back[k].dtype == v.dtype for k, v in tensors.items()
    )


def test_a_model_comes_back_bit_for_bit(tmp_path):
    path = save(tmp_path, 1, seed=3)
    model, tokenizer = checkpoints.load(path)
    for name, tensor in tiny_model(tokenizer.vocab_size, seed=3).state_dict().items():
        assert model.state_dict()[name].equal(tensor)
    assert not model.training and isinstance(tokenizer, Tokenizer)


def test_latest_best_and_pruning(tmp_path):
    for step in range(1, 6):
        path = save(tmp_path, step, keep=2, state={"step": step})
        checkpoints.note_evaluation(path, {"val_loss": 1.0}, keep=2, best=step == 2)
    assert [p.name for p in sorted(tmp_path.glob("step_*"))] == ["step_0000002", "step_0000004", "step_0000005"]
    assert os.readlink(tmp_path / "latest") == "step_0000005" and os.readlink(tmp_path / "best") == "step_0000002"
    assert checkpoints.newest(tmp_path).name == "step_0000005"


@pytest.mark.parametrize("file", ["model.safetensors", "training_state/state.json", "tokenizer.json"])
@pytest.mark.parametrize("harm", ["flip", "cut", "lose"])
def test_damage_is_seen_and_the_one_before_is_used(tmp_path, capsys, file, harm):
    for step in (1, 2):
        save(tmp_path, step, keep=2, state={"step": step})
    victim = tmp_path / "step_0000002" / file
    content = bytearray(victim.read_bytes())
    if harm == "flip":
        content[len(content) // 2] ^= 4
        victim.write_bytes(content)
    elif harm == "cut":
        victim.write_bytes(content[:-1])
    else:
        victim.unlink()
    assert checkpoints.newest(tmp_path).name == "step_0000001"
    assert f"step_0000002: {file} is {'missing' if harm == 'lose' else 'damaged'}" in capsys.readouterr().out


def test_hashes_that_are_damaged_themselves_are_damage(tmp_path):
    save(tmp_path, 1)
    (tmp_path / "step_0000001/hashes.json").write_text('{"model.safetens')
    assert "hashes.json" in checkpoints.damage(tmp_path / "step_0000001")
    assert checkpoints.newest(tmp_path) is None


def test_a_kill_while_saving_leaves_the_old_and_is_cleared_up(tmp_path, monkeypatch):
    """Die before each of the steps after which the checkpoint stands: rename, then `latest`."""
    save(tmp_path, 1)
    for call, expected in (("replace", "step_0000001"), ("fsync", "step_0000001")):
        with monkeypatch.context() as m:

            def die(*_):
                raise KeyboardInterrupt  # not an OSError: nothing is tidied up, as after SIGKILL

            m.setattr(checkpoints.os, call, die)
            with pytest.raises(KeyboardInterrupt):
                save(tmp_path, 2)
        assert checkpoints.newest(tmp_path).name == expected and os.readlink(tmp_path / "latest") == expected
        assert list(tmp_path.glob(".writing-*"))
    save(tmp_path, 3, keep=5)
    assert not list(tmp_path.glob(".writing-*"))
    assert [p.name for p in sorted(tmp_path.glob("step_*"))] == ["step_0000001", "step_0000003"]


@pytest.fixture
def small_disk(tmp_path):
    """A disk of half a megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder]).returncode:
        pytest.skip("needs the right to mount a disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_is_said_in_a_line_and_leaves_no_litter(small_disk):
    """What safetensors raises then is no OSError."""
    save(small_disk, 1)
    (small_disk / "others").write_bytes(bytes(300_000))
    with pytest.raises(InputError, match="cannot write the checkpoint .*No space left") as caught:
        save(small_disk, 2)
    assert f"free some room on {small_disk} " in str(caught.value) and "\n" not in str(caught.value)
    assert checkpoints.newest(small_disk).name == "step_0000001" and not list(small_disk.glob(".writing-*"))


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), SafetensorError("I/O error (os error 28)")])
def test_what_the_disk_refuses_is_an_input_error(tmp_path, monkeypatch, error):
    save(tmp_path, 1)

    def full(*_, **__):
        raise error

    monkeypatch.setattr(checkpoints, "save_file", full)
    with pytest.raises(InputError, match="cannot write the checkpoint"):
        save(tmp_path, 2)
    assert checkpoints.newest(tmp_path).name == "step_0000001" and not list(tmp_path.glob(".writing-*"))


def test_an_evaluation_that_comes_later_is_part_of_the_record(tmp_path):
    first = save(tmp_path, 1, keep=1, state={"step": 1, "best_val_loss": None})
    assert checkpoints.training_record(first) == {"step": 1, "best_val_loss": None}
    checkpoints.note_evaluation(first, {"val_loss": 2.5, "best_val_loss": 2.5}, keep=1, best=True)
    assert checkpoints.training_record(first) == {"step": 1, "val_loss": 2.5, "best_val_loss": 2.5}
    assert checkpoints.damage(first) is None and os.readlink(tmp_path / "best") == "step_0000001"
    second = save(tmp_path, 2, keep=1, state={"step": 2})
    checkpoints.note_evaluation(second, {"val_loss": 2.0}, keep=1, best=True)
    assert [p.name for p in tmp_path.glob("step_*")] == ["step_0000002"]


def test_saving_the_same_step_again_replaces_it(tmp_path):
    save(tmp_path, 1, seed=1)
    save(tmp_path, 1, seed=2)
    model, _ = checkpoints.load(tmp_path / "latest")
    assert model.embed_tokens.weight.equal(tiny_model(300, seed=2).embed_tokens.weight)


# what does not fit


def edited(saved, tmp_path, **changes):
    copy = tmp_path / "copy"
    shutil.copytree(saved.resolve(), copy)
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | changes))
    return copy


def test_what_is_no_checkpoint_of_ours_is_refused_in_a_line(saved, tmp_path):
    with pytest.raises(InputError, match="no checkpoint there"):
        checkpoints.load(tmp_path / "nowhere")
    for changes, message in (
        ({"model_type": "gpt2"}, "not a WikiGPT checkpoint"),
        ({"num_key_value_heads": 1}, "not a WikiGPT"),
        ({"intermediate_size": 96}, "cannot be loaded"),
        ({"num_hidden_layers": 3}, "cannot be loaded"),
        ({"vocab_size": 200}, "the tokenizer has"),
    ):
        copy = edited(saved, tmp_path, **changes)
        with pytest.raises(InputError, match=message) as caught:
            checkpoints.load(copy)
        assert "\n" not in str(caught.value)
        shutil.rmtree(copy)


def test_rope_theta_is_read_in_both_spellings(saved, tmp_path):
    copy = edited(saved, tmp_path, rope_theta=None, rope_parameters={"rope_type": "default", "rope_theta": 5000.0})
    assert checkpoints.load_config(copy).rope_theta == 5000.0
    assert isinstance(checkpoints.load(copy)[0], WikiGPT)
