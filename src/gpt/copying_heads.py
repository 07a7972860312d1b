"""Heads that copy, written into a model's first weights: train.copying_heads.

Where a word has stood before, what followed it then is likely to follow again: [A][B] ... [A] -> [B]. Two layers do it
(induction heads, Olsson et al. 2022). The heads of layer 0 look at the token before and keep its embedding beside that
of the token itself; those of layer 1 look for the places whose token before is the one just read, and write the token
that stands there to the output. Large models find both within some billions of tokens. A model that is trained on a few
million finds neither, and without them it cannot read a name that is new to it out of a text (bench/RESULTS.md).

The weights are where training begins, and it may change all of them; train.repeats keeps the heads in use.
"""

import math
from typing import NamedTuple

import torch

from model import INIT_STD, Block, WikiGPT

COPY_STD = 0.25  # of the embedding: what training makes of 0.02, when what all tokens share has drowned the rest
CONSTANT = 6.0  # x COPY_STD: the first channel of every embedding, by which a head can look for a place, not a token
LOOK_BACK = 60.0  # score of the token before, not yet divided by sqrt(head size)
MATCH = 4.0  # scale of the queries and of the keys that look for one token
COPY = 4.0  # x the embedding: what is written of the token found


@torch.no_grad()
def write_copying_heads(model: WikiGPT, heads: int) -> None:
    """Overwrite the embedding, the last norm's weight, and the first heads of layers 0 and 1, as many in each.

    The embedding is larger than usual and the last norm's weight as much smaller, so that the first logits are those
    of zero_init_projections(). Needs two layers. A head moves head_size of the embedding's channels: the more heads,
    the surer they copy, and the fewer are left to learn something else.
    """
    c = model.config
    d, hs = c.n_embd, c.head_size
    copied = min(heads * hs, d - 1)  # channels that layer 0 keeps
    torch.nn.init.normal_(model.embed_tokens.weight, std=COPY_STD)
    model.embed_tokens.weight[:, 0] = CONSTANT * COPY_STD
    model.norm.weight.fill_(INIT_STD * 192 / (d * COPY_STD))

    random = torch.Generator().manual_seed(0)  # a rotation is as good as another, whatever train.seed
    rotation = torch.zeros(d, d)  # of all channels but the first
    rotation[1:, 1:] = torch.linalg.qr(torch.randn(d - 1, d - 1, generator=random))[0]
    speed = torch.tensor([c.rope_theta ** (-2 * i / hs) for i in range(hs // 2)])  # radians a token
    for h in range(heads):
        look_back(emptied(model, 0, h), rotation, speed)
    kept = rotation.clone()
    kept[:, 1 + copied :] = 0  # an embedding -> what is kept of it one place later
    slow = (speed * c.block_size < 1.3).nonzero().flatten()  # pairs that compare tokens however far apart they stand
    for h in range(heads):
        compared = torch.zeros(2 * len(slow), d)  # other directions in every head
        compared[:, 1 : 1 + copied] = torch.linalg.qr(torch.randn(copied, 2 * len(slow), generator=random))[0].T
        find_and_copy(emptied(model, 1, h), compared, kept, torch.cat((slow, slow + hs // 2)))


class Head(NamedTuple):
    """The weights of one head, and the channels of the residual stream that it moves: all but the first have one."""

    query: torch.Tensor  # (hs, C), as key and value
    key: torch.Tensor
    value: torch.Tensor
    output: torch.Tensor  # (C, hs)
    channels: range


def emptied(model: WikiGPT, layer: int, h: int) -> Head:
    """Head h of a layer, its weights set to zero."""
    hs, C, block = model.config.head_size, model.config.n_embd, model.layers[layer]
    assert isinstance(block, Block)
    q, k, v = (part[h * hs : (h + 1) * hs].zero_() for part in block.self_attn.qkv_proj.weight.split(C))
    o = block.self_attn.o_proj.weight[:, h * hs : (h + 1) * hs].zero_()
    return Head(q, k, v, o, range(1 + h * hs, min(1 + (h + 1) * hs, C)))


def look_back(head: Head, rotation: torch.Tensor, speed: torch.Tensor) -> None:
    """Attention to the token before, whatever it is; its channels go, rotated, to the residual stream.

    Query and key come from the constant channel alone. Rotary positions turn them apart by speed x distance; the query
    is turned back by one token, so the product is largest at distance 1. The fast pairs tell 1 from 0 and 2.
    """
    half, d = len(speed), rotation.shape[0]
    fast = (speed > 0.05).nonzero().flatten()
    constant = CONSTANT * math.sqrt(d / (CONSTANT**2 + d - 1))  # the first channel, behind the norm
    size = math.sqrt(LOOK_BACK * math.sqrt(2 * half) / len(fast)) / constant
    head.query[fast, 0] = size * speed[fast].cos()
    head.query[fast + half, 0] = -size * speed[fast].sin()
    head.key[fast, 0] = size
    moved = range(len(head.channels))
    head.value[moved, head.channels] = 1.0
    head.output[:, moved] = COPY_STD * rotation[:, head.channels]


def find_and_copy(head: Head, compared: torch.Tensor, kept: torch.Tensor, rows: torch.Tensor) -> None:
    """Attention to the places whose token before is the token just read; the channels of what stands there are copied.

    compared: (rows, C), the directions in which the two tokens are compared.
    """
    head.query[rows] = MATCH * compared
    head.key[rows] = MATCH * compared @ kept.T
    moved = range(len(head.channels))
    head.value[moved, head.channels] = 1.0
    head.output[head.channels, moved] = COPY * COPY_STD
