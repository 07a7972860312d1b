"""Optimizers and schedules, held against hand-computed values, plain NumPy and torch's own optimizers."""

import math

import numpy as np
import pytest
import torch

from gpt.optim import build_optimizer, clip_gradients, learning_rate, orthogonalise, parameter_groups
from model import ModelConfig, WikiGPT
from pipeline.config import InputError

CPU = torch.device("cpu")
YES, NO = torch.tensor(True), torch.tensor(False)


def tiny_model(seed: int = 0) -> WikiGPT:
    torch.manual_seed(seed)
    return WikiGPT(ModelConfig(vocab_size=300, n_layer=2, n_head=2, n_embd=16, block_size=8, d_ff=24))


def optimizer_for(model, name: str = "adamw", lr: float = 0.01, weight_decay: float = 0.1):
    return build_optimizer(model, name, lr, weight_decay, 0.9, 0.95, 0.95, CPU)


def backward(model, seed: int) -> None:
    ids = torch.randint(0, 300, (2, 9), generator=torch.Generator().manual_seed(seed))
    model(ids[:, :-1], ids[:, 1:]).backward()


# learning rate


def test_cosine_by_hand():
    def lr(step):
        return learning_rate(step, max_iters=110, lr=1.0, min_lr=0.1, warmup_iters=10, schedule="cosine")

    assert lr(0) == pytest.approx(1 / 11) and lr(9) == pytest.approx(10 / 11)
    assert lr(10) == pytest.approx(1.0)
    assert lr(60) == pytest.approx(0.55)  # half way: the mean of 1 and 0.1
    assert lr(35) == pytest.approx(0.1 + 0.9 * (2 + math.sqrt(2)) / 4)  # a quarter: cos(45 degrees)
    assert lr(110) == pytest.approx(0.1) and lr(500) == pytest.approx(0.1)


def test_linear_is_constant_then_falls_to_the_minimum():
    def lr(step, frac):
        return learning_rate(
            step, max_iters=100, lr=2.0, min_lr=0.0, warmup_iters=0, schedule="linear", decay_frac=frac
        )

    assert lr(0, 0.4) == lr(60, 0.4) == 2.0
    assert lr(80, 0.4) == pytest.approx(1.0) and lr(90, 0.4) == pytest.approx(0.5)
    assert lr(99, 0.4) == pytest.approx(0.05)  # the last step still learns
    assert lr(100, 0.4) == 0.0
    assert lr(50, 1.0) == pytest.approx(1.0)


# groups


@pytest.mark.parametrize("muon", [False, True])
def test_every_parameter_is_in_one_group(muon):
    model = tiny_model()
    groups = parameter_groups(model, muon)
    names = [n for group in groups.values() for n in group]
    assert sorted(names) == sorted(n for n, _ in model.named_parameters())
    assert set(groups["no_decay"]) == {n for n in names if "norm" in n}
    hidden = {n for n in names if "proj" in n}
    assert len(hidden) == 2 * 4
    assert set(groups["muon"]) == (hidden if muon else set())
    assert groups["embed"] == ["embed_tokens.weight"]


@pytest.mark.parametrize("name", ["adamw", "muon"])
def test_weight_decay_shrinks_matrices_and_leaves_norms(name):
    model = tiny_model()
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    optimizer = optimizer_for(model, name, lr=0.5, weight_decay=0.1)
    for p in model.parameters():
        p.grad = torch.zeros_like(p)  # no gradient: only decay moves a weight
    optimizer.step(YES)
    for n, p in model.named_parameters():
        factor = 1.0 if "norm" in n else 1 - 0.5 * 0.1
        torch.testing.assert_close(p.detach(), before[n] * factor)


# Muon


def quintic(s: np.ndarray) -> np.ndarray:
    for _ in range(5):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    return s


@pytest.mark.parametrize("shape", [(6, 6), (5, 9), (9, 5)])
def test_orthogonalise_acts_on_singular_values_alone(shape):
    matrices = np.random.default_rng(0).normal(size=(3, *shape))
    result = orthogonalise(torch.tensor(matrices, dtype=torch.float32)).numpy()
    for matrix, got in zip(matrices, result):
        u, s, vt = np.linalg.svd(matrix / np.linalg.norm(matrix), full_matrices=False)
        np.testing.assert_allclose(got, u @ np.diag(quintic(s)) @ vt, atol=2e-4)


def test_fused_projections_are_orthogonalised_one_by_one():
    """The update of each third of qkv and half of gate_up has its own singular values near 1."""
    model = tiny_model()
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    backward(model, 0)
    optimizer_for(model, "muon", lr=1.0, weight_decay=0.0).step(YES)
    for name, parts in (
        ("self_attn.qkv_proj", 3),
        ("mlp.gate_up_proj", 2),
        ("self_attn.o_proj", 1),
        ("mlp.down_proj", 1),
    ):
        key = f"layers.1.{name}.weight"
        for moved in (before[key] - dict(model.named_parameters())[key].detach()).chunk(parts):
            singular = torch.linalg.svdvals(moved / (0.2 * math.sqrt(max(moved.shape))))
            assert singular.max() < 1.3 and singular.median() > 0.6, key


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="torch has Muon from 2.9 on")
def test_muon_equals_torchs_on_the_separate_matrices(monkeypatch):
    monkeypatch.setattr(
        torch.Tensor, "bfloat16", torch.Tensor.clone
    )  # let torch's iterate in fp32 as ours does on a CPU
    model = tiny_model()
    names = {
        "layers.0.self_attn.qkv_proj.weight": 3,
        "layers.0.mlp.gate_up_proj.weight": 2,
        "layers.0.self_attn.o_proj.weight": 1,
        "layers.0.mlp.down_proj.weight": 1,
    }
    parameters = dict(model.named_parameters())
    ours = optimizer_for(model, "muon", lr=0.02)
    copies = {n: [torch.nn.Parameter(c.detach().clone()) for c in parameters[n].chunk(k)] for n, k in names.items()}
    theirs = torch.optim.Muon(
        [c for cs in copies.values() for c in cs],
        lr=0.02,
        weight_decay=0.1,
        momentum=0.95,
        adjust_lr_fn="match_rms_adamw",
    )
    start = {n: parameters[n].detach().clone() for n in names}
    for seed in range(4):
        model.zero_grad()
        backward(model, seed)
        for n, cs in copies.items():
            for copy, grad in zip(cs, parameters[n].grad.chunk(len(cs))):
                copy.grad = grad.clone()
        ours.step(YES)
        theirs.step()
    for n, cs in copies.items():
        moved, expected = parameters[n].detach() - start[n], torch.cat(cs).detach() - start[n]
        assert (moved - expected).norm() / expected.norm() < 1e-3, n


# as one


def test_adamw_by_hand():
    """Two steps on one weight, from the formulas of Loshchilov and Hutter."""
    model = tiny_model()
    weight = model.embed_tokens.weight
    optimizer = optimizer_for(model, lr=0.1, weight_decay=0.2)
    w, m, v = weight[5, 3].item(), 0.0, 0.0
    for step, g in enumerate((0.5, -0.25), 1):
        for p in model.parameters():
            p.grad = torch.full_like(p, g)
        optimizer.step(YES)
        m, v = 0.9 * m + 0.1 * g, 0.95 * v + 0.05 * g * g
        w = w * (1 - 0.1 * 0.2) - 0.1 * (m / (1 - 0.9**step)) / (math.sqrt(v / (1 - 0.95**step)) + 1e-8)
    assert weight[5, 3].item() == pytest.approx(w, rel=1e-5)


@pytest.mark.parametrize("name", ["adamw", "muon"])
def test_a_step_that_is_not_finite_changes_nothing(name):
    model, undisturbed = tiny_model(), tiny_model()
    a, b = optimizer_for(model, name), optimizer_for(undisturbed, name)
    for optimizer, m in ((a, model), (b, undisturbed)):
        backward(m, 1)
        optimizer.step(YES)
        optimizer.zero_grad()
    for p in model.parameters():
        p.grad = torch.full_like(p, float("nan"))
    a.step(NO)
    for p, q in zip(model.parameters(), undisturbed.parameters()):
        assert torch.equal(p, q)
    assert {k: v.tolist() for k, v in a.state().items()} == {k: v.tolist() for k, v in b.state().items()}


@pytest.mark.parametrize("name", ["adamw", "muon"])
def test_state_goes_out_and_comes_back(name, tmp_path):
    from safetensors.torch import load_file, save_file

    straight, resumed = tiny_model(), tiny_model()
    a = optimizer_for(straight, name)
    for seed in range(3):
        backward(straight, seed)
        a.step(YES)
        a.zero_grad()
    save_file({k: v.contiguous() for k, v in a.state().items()}, tmp_path / "s")
    resumed.load_state_dict(straight.state_dict())
    b = optimizer_for(resumed, name)
    b.load_state(load_file(tmp_path / "s"))
    for optimizer, m in ((a, straight), (b, resumed)):
        optimizer.zero_grad()
        optimizer.set_lr(0.003)
        backward(m, 9)
        optimizer.step(YES)
    for (n, p), q in zip(straight.named_parameters(), resumed.parameters()):
        assert torch.equal(p, q), n


def test_state_of_another_optimizer_is_refused_by_name():
    first, second = tiny_model(), tiny_model()
    a, b = optimizer_for(first, "adamw"), optimizer_for(second, "muon")
    for optimizer, m in ((a, first), (b, second)):
        backward(m, 0)
        optimizer.step(YES)
    with pytest.raises(InputError, match="another optimizer.*now muon"):
        b.load_state(a.state())
    with pytest.raises(InputError, match="now adamw"):
        a.load_state(b.state())


def test_the_embedding_has_a_learning_rate_of_its_own():
    """AdamW's first step without weight decay moves every weight that has a gradient by the learning rate."""
    for name in ("adamw", "muon"):
        model = tiny_model()
        before = {n: p.detach().clone() for n, p in model.named_parameters()}
        optimizer = build_optimizer(model, name, 0.5, 0.0, 0.9, 0.95, 0.95, CPU, embed_lr_scale=4.0)
        optimizer.set_lr(0.01)
        backward(model, 0)
        optimizer.step(YES)
        moved = {n: (p.detach() - before[n]).abs().max().item() for n, p in model.named_parameters()}
        assert moved["embed_tokens.weight"] == pytest.approx(0.04, rel=0.01)
        assert moved["norm.weight"] == pytest.approx(0.01, rel=0.01)


def test_muon_in_bf16_makes_nearly_the_same_step():
    updates = torch.randn(2, 16, 48, generator=torch.Generator().manual_seed(0))
    exact, rough = orthogonalise(updates), orthogonalise(updates, torch.bfloat16)
    assert rough.dtype == torch.bfloat16
    assert torch.nn.functional.cosine_similarity(exact.flatten(), rough.float().flatten(), dim=0) > 0.999


def test_clipping():
    model = tiny_model()
    for p in model.parameters():
        p.grad = torch.full_like(p, 2.0)
    count = sum(p.numel() for p in model.parameters())
    norm = 2.0 * math.sqrt(count)
    assert float(clip_gradients(model, 0)) == pytest.approx(norm, rel=1e-5)
    assert float(clip_gradients(model, 1.5)) == pytest.approx(norm, rel=1e-5)
    assert float(clip_gradients(model, 0)) == pytest.approx(1.5, rel=1e-3)
