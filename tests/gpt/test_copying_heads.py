"""The heads that copy do it before any training, and cost nothing else."""

import math

import pytest
import torch
import torch.nn.functional as F

from gpt.copying_heads import write_copying_heads
from model import ModelConfig, WikiGPT

VOCABULARY = 2000


def model_with_heads(written=True, width=192, heads=4, layers=4, copying=3):
    torch.manual_seed(3)
    model = WikiGPT(
        ModelConfig(vocab_size=VOCABULARY, n_layer=layers, n_head=heads, n_embd=width, block_size=256, d_ff=64)
    )
    model.zero_init_projections()
    if written:
        write_copying_heads(model, min(copying, heads))
    return model


def share_copied(model, length=60, rows=8):
    """How often the likeliest next token is what followed last time, in random tokens that are told twice."""
    span = torch.randint(VOCABULARY, (rows, length), generator=torch.Generator().manual_seed(1))
    ids = torch.cat((span, span), 1)
    with torch.no_grad():
        said = model(ids).argmax(-1)
    # at place length + i stands span[i]; span[i + 1] is to follow
    return (said[:, length:-1] == span[:, 1:]).float().mean().item()


def test_what_was_told_once_is_told_again():
    assert share_copied(model_with_heads(written=False)) < 0.02
    one, two, three, four = (share_copied(model_with_heads(copying=n)) for n in (1, 2, 3, 4))
    assert 0.1 < one < two < three < four, "every head brings channels by which places and tokens are told"
    assert four > 0.4


def test_half_of_the_circuit_copies_nothing():
    """The token found must be the one behind the same token: without layer 0, layer 1 has nothing to find it by."""
    model = model_with_heads()
    torch.nn.init.zeros_(model.layers[0].self_attn.o_proj.weight)
    assert share_copied(model) < 0.05


@pytest.mark.parametrize("width, heads", [(192, 4), (256, 4), (96, 3), (64, 2)])
def test_the_first_loss_is_that_of_no_knowledge(width, heads):
    model, ids = model_with_heads(width=width, heads=heads), torch.randint(VOCABULARY, (4, 65))
    assert model(ids[:, :-1], ids[:, 1:]).item() / 256 == pytest.approx(math.log(VOCABULARY), rel=0.06)


def test_the_free_heads_and_the_later_layers_stay_as_they_were():
    plain, written = (model_with_heads(one).state_dict() for one in (False, True))
    for name in plain:
        if name.startswith(("layers.2", "layers.3")) or "mlp" in name or "layernorm" in name:
            assert torch.equal(plain[name], written[name]), name
    last = slice(3 * 48, 4 * 48)
    for name in ("layers.0.self_attn.qkv_proj.weight", "layers.1.self_attn.qkv_proj.weight"):
        for one, other in zip(plain[name].split(192), written[name].split(192)):
            assert torch.equal(one[last], other[last]) and not torch.equal(one[:48], other[:48])


def test_every_weight_still_learns():
    model = model_with_heads(layers=2)
    ids = torch.randint(VOCABULARY, (2, 33))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    first = [p.detach().clone() for p in model.parameters()]
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten()).backward()
        optimizer.step()
    assert all((p != before).any() and p.isfinite().all() for p, before in zip(model.parameters(), first))
