"""The model: its size, what it may look at, and that it is Llama, held against transformers and plain loops."""

import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from gpt.machine import autocast
from model import (
    ModelConfig,
    SummedCrossEntropy,
    WikiGPT,
    flops_per_token,
    parameter_counts,
    rope_table,
    training_memory,
)
from pipeline.config import load_config

ROOT = Path(__file__).resolve().parents[1]
SMALL = ModelConfig(vocab_size=300, n_layer=2, n_head=2, n_embd=32, block_size=24, d_ff=48)


def small_model(**changes) -> WikiGPT:
    """Weights five times as wide as a fresh model's, so that every part has a say in the logits."""
    torch.manual_seed(0)
    model = WikiGPT(ModelConfig(**{**vars(SMALL), **changes})).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(5) if p.ndim > 1 else p.add_(torch.randn_like(p) * 0.3)
    return model


def random_ids(rows: int, length: int, seed: int = 1) -> torch.Tensor:
    return torch.randint(4, 300, (rows, length), generator=torch.Generator().manual_seed(seed))


# size


def test_base_yaml_has_124_275_456_parameters():
    config = ModelConfig.of(load_config("configs/base.yaml").model)
    assert sum(parameter_counts(config).values()) == 124_275_456
    d, ff, L, V = 768, 2560, 12, 32768
    assert 124_275_456 == V * d + L * (4 * d * d + 3 * d * ff + 2 * d) + d
    # 6 FLOPs a parameter, and attention's two T x T x d products a layer, 2 FLOPs each, thrice (forward and backward)
    assert flops_per_token(config) == 6 * 124_275_456 + L * 2 * 2 * 1024 * d * 3


def test_the_audit_prints_what_the_model_has():
    out = subprocess.run([sys.executable, "src/model.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "124,275,456" in next(line for line in out.splitlines() if line.startswith("total"))
    assert "micro-batch 32 x 1024" in out


def test_base_yaml_fits_a_24_gb_card():
    """A 4090 has 23.5 GiB for us; CUDA's context and the allocator's gaps take about 2."""
    cfg = load_config("configs/base.yaml")
    estimate = training_memory(ModelConfig.of(cfg.model), cfg.train.micro_batch_size, cfg.train.compile)
    assert sum(estimate.values()) < 21.5 * 2**30


def test_estimated_activations_are_what_autograd_keeps():
    """Bytes that saved tensors hold, their growth with the rows of a batch, so that weights do not count; eager,
    bf16.
    """

    def kept(layers: int, rows: int) -> int:
        model = WikiGPT(ModelConfig(vocab_size=300, n_layer=layers, n_head=2, n_embd=64, block_size=32, d_ff=192))
        ids, storages = random_ids(rows, 33), {}

        def pack(tensor):
            storages[tensor.untyped_storage().data_ptr()] = (tensor.untyped_storage().nbytes(), tensor)
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t), autocast(torch.device("cpu"), "bfloat16"):
            model(ids[:, :-1], ids[:, 1:])
        return sum(size for size, _ in storages.values())

    a_layer = (kept(3, 4) - kept(3, 2)) - (kept(2, 4) - kept(2, 2))
    config = ModelConfig(vocab_size=300, n_layer=1, n_head=2, n_embd=64, block_size=32, d_ff=192)
    assert a_layer == pytest.approx(training_memory(config, 2, compiled=False)["activations"], rel=0.05)


# what it computes


def test_logits_are_those_of_transformers_llama():
    from transformers import LlamaConfig, LlamaForCausalLM

    from gpt.checkpoints import to_hf

    model = small_model()
    llama = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=300,
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=2,
            max_position_embeddings=24,
            rms_norm_eps=1e-5,
            rope_theta=10000.0,
            tie_word_embeddings=True,
            attention_bias=False,
        )
    ).eval()
    missing = llama.load_state_dict(to_hf(model.state_dict()), strict=False)
    assert missing.missing_keys == ["lm_head.weight"] and not missing.unexpected_keys
    llama.tie_weights()
    ids = random_ids(3, 24)
    with torch.no_grad():
        torch.testing.assert_close(model(ids), llama(ids).logits, rtol=1e-4, atol=1e-4)


def test_the_future_is_not_seen():
    model, ids = small_model(), random_ids(1, 20)
    changed = ids.clone()
    changed[0, 12] = (ids[0, 12] + 7) % 300
    with torch.no_grad():
        before, after = model(ids), model(changed)
    torch.testing.assert_close(before[:, :12], after[:, :12])
    assert ((before[:, 12:] - after[:, 12:]).abs().amax(-1) > 1e-3).all()  # and the past is, by every later token


def test_positions_are_relative():
    """Rotary positions: attention depends on distances alone, so a shifted row has the same logits."""
    model, ids = small_model(), random_ids(2, 10)
    with torch.no_grad():
        torch.testing.assert_close(
            model(ids), model(ids, positions=(torch.arange(10) + 9).expand(2, 10)), rtol=1e-4, atol=1e-4
        )
        doubled = model(ids, positions=(torch.arange(10) * 2).expand(2, 10))
    assert (model(ids) - doubled).abs().max() > 1e-2


def test_rope_table_by_hand():
    cos, sin = rope_table(8, 4, 100.0)  # frequencies 1 and 100^(-1/2) = 0.1
    for position in (0, 3, 7):
        assert cos[position, 0].tolist() == pytest.approx([math.cos(position), math.cos(position / 10)] * 2, abs=1e-6)
        s = math.sin(position), math.sin(position / 10)
        assert sin[position, 0].tolist() == pytest.approx([-s[0], -s[1], s[0], s[1]], abs=1e-6)


def test_conversations_packed_in_a_row_are_as_if_alone():
    model, a, b = small_model(), random_ids(1, 7, seed=2), random_ids(1, 9, seed=3)
    positions = torch.cat((torch.arange(7), torch.arange(9)))[None]
    owner = torch.tensor([0] * 7 + [1] * 9)
    mask = ((owner[:, None] == owner) & torch.ones(16, 16, dtype=torch.bool).tril())[None, None]
    with torch.no_grad():
        packed = model(torch.cat((a, b), dim=1), positions=positions, mask=mask)
        torch.testing.assert_close(packed[:, :7], model(a), rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(packed[:, 7:], model(b), rtol=1e-4, atol=1e-4)


def test_the_loss_is_the_sum_over_what_is_to_be_learned():
    model, ids = small_model(), random_ids(2, 12)
    targets = ids[:, 1:].clone()
    targets[0, :5], targets[1, 8] = -100, -100
    with torch.no_grad():
        logp = F.log_softmax(model(ids[:, :-1]).double(), dim=-1)
        loss = model(ids[:, :-1], targets).item()
        nothing = model(ids[:, :-1], torch.full_like(targets, -100)).item()
    by_hand = -sum(logp[b, t, targets[b, t]].item() for b in range(2) for t in range(11) if targets[b, t] != -100)
    assert loss == pytest.approx(by_hand, rel=1e-5)
    assert nothing == 0.0


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_our_cross_entropy_is_torchs_with_its_gradient(dtype):
    generator = torch.Generator().manual_seed(0)
    logits = (torch.randn(40, 300, generator=generator) * 30).to(getattr(torch, dtype))  # as far apart as 200 nats
    targets = torch.randint(300, (40,), generator=generator)
    ours, theirs = (logits.clone().requires_grad_() for _ in range(2))
    a = SummedCrossEntropy.apply(ours.float(), targets)
    b = F.cross_entropy(theirs.float(), targets, reduction="sum")
    (a * 0.37).backward()
    (b * 0.37).backward()
    assert a.item() == pytest.approx(b.item(), rel=1e-6)
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("learned", [[], [5], [0, 3, 4, 17]])
def test_places_that_are_not_learned_count_for_nothing(learned):
    model, ids = small_model(), random_ids(2, 9)
    targets = torch.full_like(ids, -100)
    for place in learned:
        targets.view(-1)[place] = place
    logp = F.log_softmax(model(ids).float(), -1).flatten(0, 1)
    expected = -sum(logp[place, place] for place in learned) + logp.sum() * 0
    expected.backward()
    gradients = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    loss = model(ids, targets)
    loss.backward()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    for p, gradient in zip(model.parameters(), gradients):
        torch.testing.assert_close(p.grad, gradient, rtol=1e-4, atol=1e-6)


def test_last_only_is_the_last_position():
    model, ids = small_model(), random_ids(3, 9)
    with torch.no_grad():
        torch.testing.assert_close(model(ids, last_only=True), model(ids)[:, -1:])


def test_a_fresh_model_is_undecided_and_its_residual_writers_are_small():
    torch.manual_seed(0)
    config = ModelConfig(vocab_size=500, n_layer=8, n_head=2, n_embd=64, block_size=16, d_ff=128)
    model = WikiGPT(config)
    ids = torch.randint(500, (4, 17))
    assert model(ids[:, :-1], ids[:, 1:]).item() / 64 == pytest.approx(math.log(500), rel=0.02)
    weights = dict(model.named_parameters())
    assert weights["layers.3.self_attn.qkv_proj.weight"].std().item() == pytest.approx(0.02, rel=0.05)
    for writer in ("self_attn.o_proj", "mlp.down_proj"):
        assert weights[f"layers.3.{writer}.weight"].std().item() == pytest.approx(0.02 / 4, rel=0.05)  # 1 / sqrt(2 x 8)
    model.zero_init_projections()
    x = model.norm(model.embed_tokens(ids[:, :-1]))
    torch.testing.assert_close(model(ids[:, :-1]), x @ model.embed_tokens.weight.T)  # every block is the identity


@pytest.mark.parametrize("width", [64, 192, 768])
def test_with_projections_at_zero_the_first_loss_is_the_vocabularys_whatever_the_width(width):
    """A logit of 15 for the token just read would make it width x 0.02 at 768: 15.2 instead of 6.2."""
    torch.manual_seed(0)
    model = WikiGPT(ModelConfig(vocab_size=500, n_layer=1, n_head=2, n_embd=width, block_size=16, d_ff=32))
    model.zero_init_projections()
    ids = torch.randint(500, (4, 17))
    assert model(ids[:, :-1], ids[:, 1:]).item() / 64 == pytest.approx(math.log(500), rel=0.06)


def test_dropout_is_for_training_alone():
    model, ids = small_model(dropout=0.5), random_ids(2, 8)
    with torch.no_grad():
        assert torch.equal(model(ids), model(ids))
        model.train()
        assert (model(ids) - model(ids)).abs().max() > 1e-3


def test_bf16_is_near_fp32():
    model, ids = small_model(), random_ids(2, 20)
    with torch.no_grad():
        exact = model(ids[:, :-1], ids[:, 1:])
        with autocast(torch.device("cpu"), "bfloat16"):
            rough = model(ids[:, :-1], ids[:, 1:])
    assert rough.dtype == torch.float32 and rough.item() == pytest.approx(exact.item(), rel=0.02)
    assert rough.item() != exact.item()


@pytest.mark.parametrize(
    "name, parameters, tokens_a_parameter, card_gib", [("350m", 342e6, 20, 24 - 1), ("1b", 995e6, 20, 80 - 1)]
)
def test_the_ladder_is_what_its_files_say(name, parameters, tokens_a_parameter, card_gib):
    """Size, length of the run, room on the card; at most 12 lines."""
    file = ROOT / f"configs/{name}.yaml"
    assert len(file.read_text().splitlines()) <= 12
    cfg = load_config(file)
    config, t = ModelConfig.of(cfg.model), cfg.train
    n = sum(parameter_counts(config).values())
    assert n == pytest.approx(parameters, rel=0.002)
    tokens = t.max_iters * t.micro_batch_size * t.grad_accum_steps * config.block_size
    assert tokens / n == pytest.approx(tokens_a_parameter, rel=0.05)
    assert sum(training_memory(config, t.micro_batch_size, True).values()) < card_gib * 2**30
