"""More tokens for every row of a cache: what model.forward computes for them, in a third of the kernels.

A step of a small batch does little arithmetic; its time goes into starting kernels and into reading the weights. So
here the weights of the norms are multiplied into the matrices that follow them, query and key are rotated as one, a
token's key and value are stored as one, and on a CPU the matrices are laid out once as the multiplication wants them.
CompiledStep has torch.compile make one kernel of what stands between two matrices.
"""

import contextlib
import io
import sys
from collections.abc import Callable

import torch
import torch.nn as nn
import torch.nn.functional as F

from gpt.machine import going_on_without_compile
from model import NORM_EPS, Block, KVCache, WikiGPT, rotate

Linear = Callable[[torch.Tensor], torch.Tensor]


class Step(nn.Module):
    """step(ids, cache) -> logits after one more token a row; read(ids, cache) takes several at once. The weights are
    taken over when it is built: changes after that are not seen."""

    @torch.no_grad()
    def __init__(self, model: WikiGPT):
        super().__init__()
        self.constants = nn.ParameterList()  # as a module's parameters the compiler takes them for constants
        self.config, self.cos, self.sin = model.config, model.get_buffer("cos"), model.get_buffer("sin")
        self.embedding: torch.Tensor = model.embed_tokens.weight
        self.layers: list[tuple[Linear, ...]] = []
        for layer in model.layers:
            assert isinstance(layer, Block)
            attention, mlp = layer.self_attn, layer.mlp
            self.layers.append(
                (
                    self.linear(attention.qkv_proj.weight, layer.input_layernorm.weight),
                    self.linear(attention.o_proj.weight),
                    self.linear(mlp.gate_up_proj.weight, layer.post_attention_layernorm.weight),
                    self.linear(mlp.down_proj.weight),
                )
            )
        self.head = self.linear(self.embedding, model.norm.weight)

    @torch.inference_mode()
    def __call__(self, ids: torch.Tensor, cache: KVCache) -> torch.Tensor:
        """ids (B,): the next token of each row, added to the cache -> logits (B, V) of the one after it"""
        return self.forward(ids, cache)

    def forward(self, ids: torch.Tensor, cache: KVCache) -> torch.Tensor:
        B, C, nh = len(ids), self.config.n_embd, self.config.n_head
        positions, mask = cache.begin(1)
        x = F.embedding(ids, self.embedding)  # (B, C)
        cos, sin = self.cos[positions[:, 0]], self.sin[positions[:, 0]]  # (B, 1, hs)
        for i, (qkv, out, gate_up, down) in enumerate(self.layers):
            y = qkv(norm(x)).view(B, 3, nh, -1)
            rotated = rotate(y[:, :2].flatten(1, 2), cos, sin).view(B, 2, nh, -1)
            y[:, :2] = rotated
            k, v = cache.append(i, y[:, None, 1:])
            x = x + out(attend(rotated[:, 0, :, None], k, v, mask).reshape(B, C))
            gate, up = gate_up(norm(x)).chunk(2, dim=-1)
            x = x + down(F.silu(gate) * up)
        cache.lengths += 1
        return self.head(norm(x))

    @torch.inference_mode()
    def read(self, ids: torch.Tensor, cache: KVCache) -> torch.Tensor:
        """ids (B, T): the next tokens of each row, added to the cache -> (B, T, C), for logits()"""
        B, T = ids.shape
        positions, mask = cache.begin(T)
        x = F.embedding(ids, self.embedding)  # (B, T, C)
        cos, sin = self.cos[positions], self.sin[positions]  # (B, T, 1, hs)
        for i, (qkv, out, gate_up, down) in enumerate(self.layers):
            q, k, v = qkv(norm(x)).view(B, T, 3, self.config.n_head, -1).unbind(2)  # (B, T, nh, hs) each
            keys, values = cache.append(i, torch.stack((rotate(k, cos, sin), v), dim=2))
            q = rotate(q, cos, sin).transpose(1, 2)
            y = F.scaled_dot_product_attention(q, keys, values, attn_mask=mask, is_causal=mask is None and T > 1)
            x = x + out(y.transpose(1, 2).reshape(B, T, -1))
            gate, up = gate_up(norm(x)).chunk(2, dim=-1)
            x = x + down(F.silu(gate) * up)
        cache.lengths += T
        return x

    @torch.inference_mode()
    def logits(self, x: torch.Tensor) -> torch.Tensor:
        """(..., C) of read() -> (..., V)"""
        return self.head(norm(x))

    def linear(self, weight: torch.Tensor, scale: torch.Tensor | None = None) -> Linear:
        """x -> x @ weight.T, with the columns of weight scaled first."""
        weight = scaled(weight, scale)
        if weight.device.type == "cpu" and weight.dtype in (torch.float32, torch.bfloat16):
            # oneDNN's own layout: 8 rows by 768 x 32,768 in 12 ms instead of 27. Not public: any refusal is a no.
            try:
                packed = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), None)
                torch.ops.mkldnn._linear_pointwise(weight[:1], packed, None, "none", [], "")
                return lambda x: torch.ops.mkldnn._linear_pointwise(x, packed, None, "none", [], "")
            except (AttributeError, RuntimeError, TypeError):
                pass
        return lambda x: F.linear(x, weight)


class CompiledStep(Step):
    """The same, compiled when it is built, which takes ten seconds or more. What torch.compile raises comes through."""

    def __init__(self, model: WikiGPT):
        from torch._dynamo import config as dynamo  # these take a second to import
        from torch._inductor import config as inductor

        super().__init__(model)
        device, dtype = self.embedding.device, self.embedding.dtype
        # On a CPU the compiler may lay out the matrices anew, and tries what multiplies them fastest, without a word.
        # Older versions lack some of them.
        settings = {"freezing": True, "max_autotune": True, "autotune_num_choices_displayed": 0}
        on_cpu = device.type == "cpu"
        settings = {name: value for name, value in settings.items() if on_cpu and hasattr(inductor, name)}
        self.compiled = torch.compile(self.eval().forward, dynamic=True)
        with torch.inference_mode(), inductor.patch(settings), contextlib.redirect_stderr(io.StringIO()):
            # Rows, tokens and room unlike each other, or they would be taken for one size. The second time shows that
            # it was compiled for every size: anything else would mean seconds of standstill in the midst of a batch.
            for again, (rows, length, room) in enumerate([(8, 13, 21), (5, 9, 37)]):
                cache = KVCache(self.config, rows, room, device, dtype).slots(0, rows, length)
                with dynamo.patch(error_on_recompile=bool(again)):
                    self.compiled(torch.zeros(rows, dtype=torch.long, device=device), cache)

    @torch.inference_mode()
    def __call__(self, ids: torch.Tensor, cache: KVCache) -> torch.Tensor:
        # One row, or one key, would have to be compiled for itself.
        forward = self.compiled if len(ids) > 1 and cache.width > 1 else self.forward
        return forward(ids, cache)

    def linear(self, weight: torch.Tensor, scale: torch.Tensor | None = None) -> Linear:
        constant = nn.Parameter(scaled(weight, scale), requires_grad=False)
        self.constants.append(constant)
        return lambda x: F.linear(x, constant)


def make_step(model: WikiGPT, compiled: bool) -> Step:
    """A Step, compiled where that is wanted and works; a warning where it doesn't."""
    if compiled:
        try:
            return CompiledStep(model)
        except Exception as error:  # no C++ compiler, an unsupported device, ...: the compiler raises what it likes
            print(going_on_without_compile(error), file=sys.stderr)
    return Step(model)


def scaled(weight: torch.Tensor, scale: torch.Tensor | None) -> torch.Tensor:
    return weight if scale is None else (weight.float() * scale.float()).to(weight.dtype)


def norm(x: torch.Tensor) -> torch.Tensor:
    if torch.compiler.is_compiling():  # fused anyhow, and torch 2.4 would compile F.rms_norm for one number of rows
        y = x.float()
        return (y * torch.rsqrt(y.square().mean(-1, keepdim=True) + NORM_EPS)).to(x.dtype)
    return F.rms_norm(x, (x.shape[-1],), None, NORM_EPS)


def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """q (B, nh, 1, hs), k and v (B, nh, S, hs), mask (B, 1, 1, S) -> (B, nh, 1, hs)"""
    # On a CPU the compiler's own loop over so little beats the kernel's start.
    if mask is not None and torch.compiler.is_compiling() and q.device.type == "cpu":
        scores = (q * k).sum(-1) * q.shape[-1] ** -0.5  # (B, nh, S)
        p = scores.masked_fill(~mask[:, 0], -torch.inf).softmax(-1)
        return (p[..., None] * v).sum(-2, keepdim=True)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
