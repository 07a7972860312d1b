"""One more token for every row of a cache: what model.forward computes for it, in a third of the kernels.

A step of a small batch does little arithmetic; its time goes into starting kernels and into reading the weights. So here
the weights of the norms are multiplied into the matrices that follow them, query and key are rotated as one, a token's key
and value are stored as one, and on a CPU the matrices are laid out once as the multiplication wants them.
"""

from typing import Callable

import torch
import torch.nn.functional as F

from model import NORM_EPS, KVCache, WikiGPT, rotate


class Step:
    """step(ids, cache) -> logits. The weights are taken over when it is built: changes after that are not seen."""

    @torch.inference_mode()
    def __init__(self, model: WikiGPT):
        self.config, self.cos, self.sin = model.config, model.cos, model.sin
        self.embedding = model.embed_tokens.weight
        self.layers = []
        for layer in model.layers:
            attention, mlp = layer.self_attn, layer.mlp
            self.layers.append((linear(attention.qkv_proj.weight, layer.input_layernorm.weight), linear(attention.o_proj.weight),
                                linear(mlp.gate_up_proj.weight, layer.post_attention_layernorm.weight), linear(mlp.down_proj.weight)))
        self.head = linear(self.embedding, model.norm.weight)

    @torch.inference_mode()
    def __call__(self, ids: torch.Tensor, cache: KVCache) -> torch.Tensor:
        """ids (B,): the next token of each row, added to the cache -> logits (B, V) of the one after it"""
        B, C, nh = len(ids), self.config.n_embd, self.config.n_head
        positions, mask = cache.begin(1)
        x = F.embedding(ids, self.embedding)                            # (B, C)
        cos, sin = self.cos[positions[:, 0]], self.sin[positions[:, 0]]  # (B, 1, hs)
        for i, (qkv, out, gate_up, down) in enumerate(self.layers):
            y = qkv(norm(x)).view(B, 3, nh, -1)
            rotated = rotate(y[:, :2].flatten(1, 2), cos, sin).view(B, 2, nh, -1)
            y[:, :2] = rotated
            k, v = cache.append(i, y[:, None, 1:])
            q = rotated[:, 0, :, None]                                  # (B, nh, 1, hs)
            x = x + out(F.scaled_dot_product_attention(q, k, v, attn_mask=mask).reshape(B, C))
            gate, up = gate_up(norm(x)).chunk(2, dim=-1)
            x = x + down(F.silu(gate) * up)
        cache.lengths += 1
        return self.head(norm(x))


def norm(x: torch.Tensor) -> torch.Tensor:
    return F.rms_norm(x, (x.shape[-1],), None, NORM_EPS)


def linear(weight: torch.Tensor, scale: torch.Tensor | None = None) -> Callable[[torch.Tensor], torch.Tensor]:
    """x -> x @ weight.T, with the columns of weight scaled first."""
    if scale is not None:
        weight = (weight.float() * scale.float()).to(weight.dtype)
    if weight.device.type == "cpu" and weight.dtype == torch.float32:
        try:  # oneDNN's own layout: 8 rows by 768 x 32,768 in 12 ms instead of 27. Not public: any refusal is taken for a no
            packed = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), None)
            torch.ops.mkldnn._linear_pointwise(weight[:1], packed, None, "none", [], "")
            return lambda x: torch.ops.mkldnn._linear_pointwise(x, packed, None, "none", [], "")
        except (AttributeError, RuntimeError, TypeError):
            pass
    return lambda x: F.linear(x, weight)
