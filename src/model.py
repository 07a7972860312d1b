"""WikiGPT: a Llama-style decoder in plain PyTorch. Run it to audit the parameter count.

    python src/model.py
    python src/model.py --config configs/demo.yaml

Pre-norm RMSNorm (Zhang & Sennrich 2019), rotary positions in Llama's rotate-half form (Su et al. 2021), SwiGLU
(Shazeer 2020), no biases, output layer tied to the embedding (Press & Wolf 2017). The conventions are Llama's
exactly, so that a checkpoint becomes a Hugging Face LlamaForCausalLM by renaming; the query, key and value
projections are one matrix here, and so are gate and up (fewer, larger matmuls): gpt/checkpoints.py splits them.
"""

import pipeline.ctrl_c  # first, for as long as the others take

import math
from dataclasses import dataclass, fields

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

from pipeline.cli import stage_main

NORM_EPS = 1e-5
INIT_STD = 0.02  # GPT-2's


def main(cfg) -> None:
    config = ModelConfig.of(cfg.model)
    with torch.device("meta"):
        built = sum(p.numel() for p in WikiGPT(config).parameters())
    counts = parameter_counts(config)
    assert built == sum(counts.values()), f"the audit says {sum(counts.values()):,}, the model has {built:,}"
    for part, n in counts.items():
        print(f"{part:32} {n:>14,} {n / built:7.1%}")
    print(f"{'total':32} {built:>14,}")
    print(f"{'training FLOPs a token':32} {flops_per_token(config):>14,}")
    memory = training_memory(config, cfg.train.micro_batch_size, cfg.train.compile)
    for part, size in memory.items():
        print(f"{'memory: ' + part:32} {size / 2**30:>11.2f} GiB")
    print(
        f"{'memory in training, estimated':32} {sum(memory.values()) / 2**30:>11.2f} GiB"
        f" at micro-batch {cfg.train.micro_batch_size} x {config.block_size}"
    )


@dataclass(frozen=True)
class ModelConfig:
    vocab_size: int
    n_layer: int
    n_head: int
    n_embd: int
    block_size: int
    d_ff: int
    rope_theta: float = 10000.0
    dropout: float = 0.0

    @classmethod
    def of(cls, section) -> "ModelConfig":
        """From the config's model section (pipeline.config.Model)."""
        return cls(**{f.name: getattr(section, f.name) for f in fields(cls)})

    @property
    def head_size(self) -> int:
        return self.n_embd // self.n_head


class KVCache:
    """Keys and values of the tokens seen so far. Every row fills its slot from the left and has a length of its own,
    so that a token's column is its position, and rows may join and leave while others go on."""

    def __init__(self, config: ModelConfig, rows: int, length: int, device, dtype):
        shape = (rows, 2, config.n_head, length, config.head_size)  # keys, then values
        self.kv = [torch.zeros(shape, device=device, dtype=dtype) for _ in range(config.n_layer)]
        self.lengths = torch.zeros(rows, dtype=torch.long, device=device)
        self.width = 0  # the longest row's length, here so that nobody has to wait for the device to say it

    def slots(self, first: int, last: int, width: int) -> "KVCache":
        """Rows first to last - 1 as a cache over the same memory; width: the longest of them."""
        part = object.__new__(KVCache)
        part.kv, part.lengths, part.width = [kv[first:last] for kv in self.kv], self.lengths[first:last], width
        return part

    def begin(self, T: int) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Before the layers see T more tokens a row: -> their positions (B, T), and the mask (B, 1, T, S) of the keys
        that each may look at; None when the cache is empty, where causal attention among the new tokens is all there
        is."""
        device = self.lengths.device
        self.positions = self.lengths[:, None] + torch.arange(T, device=device)
        self.rows = torch.arange(len(self.lengths), device=device)[:, None]
        self.empty, self.width = self.width == 0, self.width + T
        if self.empty:
            return self.positions, None
        return self.positions, (torch.arange(self.width, device=device) <= self.positions[..., None])[:, None]

    def append(self, layer: int, kv: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """kv (B, T, 2, nh, hs) -> all keys and values up to and with these, (B, nh, S, hs) each"""
        store = self.kv[layer]
        store[self.rows, :, :, self.positions] = kv.to(store.dtype)
        if self.empty:
            return kv[:, :, 0].transpose(1, 2), kv[:, :, 1].transpose(1, 2)
        return store[:, 0, :, : self.width], store[:, 1, :, : self.width]


class RMSNorm(nn.Module):
    def __init__(self, size: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.weight, NORM_EPS)


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Rotary embedding: x (B, T, nh, hs), cos and sin (T, 1, hs) or (B, T, 1, hs); each half is the other's partner.

    roll swaps the halves, and sin is negative in its first half: 9 % of a CPU step less than chunk, negate and cat.
    """
    return x * cos + x.roll(x.shape[-1] // 2, dims=-1) * sin


class Attention(nn.Module):
    def __init__(self, config: ModelConfig, layer: int):
        super().__init__()
        self.n_head, self.dropout, self.layer = config.n_head, config.dropout, layer
        self.qkv_proj = nn.Linear(config.n_embd, 3 * config.n_embd, bias=False)
        self.o_proj = nn.Linear(config.n_embd, config.n_embd, bias=False)

    def forward(self, x, cos, sin, mask, cache):
        B, T, C = x.shape
        q, k, v = self.qkv_proj(x).view(B, T, 3, self.n_head, C // self.n_head).unbind(2)  # (B, T, nh, hs) each
        q, k, v = (t.transpose(1, 2) for t in (rotate(q, cos, sin), rotate(k, cos, sin), v))  # (B, nh, T, hs)
        if cache is not None:
            k, v = cache.append(self.layer, torch.stack((k, v), dim=1).permute(0, 3, 1, 2, 4))
        y = F.scaled_dot_product_attention(
            q, k, v, attn_mask=mask, dropout_p=self.dropout if self.training else 0.0, is_causal=mask is None and T > 1
        )
        return self.o_proj(y.transpose(1, 2).reshape(B, T, C))


class MLP(nn.Module):
    def __init__(self, config: ModelConfig):
        super().__init__()
        self.gate_up_proj = nn.Linear(config.n_embd, 2 * config.d_ff, bias=False)
        self.down_proj = nn.Linear(config.d_ff, config.n_embd, bias=False)

    def forward(self, x):
        gate, up = self.gate_up_proj(x).chunk(2, dim=-1)
        return self.down_proj(F.silu(gate) * up)


class Block(nn.Module):
    def __init__(self, config: ModelConfig, layer: int):
        super().__init__()
        self.input_layernorm = RMSNorm(config.n_embd)
        self.self_attn = Attention(config, layer)
        self.post_attention_layernorm = RMSNorm(config.n_embd)
        self.mlp = MLP(config)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x, cos, sin, mask, cache):
        x = x + self.dropout(self.self_attn(self.input_layernorm(x), cos, sin, mask, cache))
        return x + self.dropout(self.mlp(self.post_attention_layernorm(x)))


class WikiGPT(nn.Module):
    cos: torch.Tensor
    sin: torch.Tensor

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.config = config
        self.embed_tokens = nn.Embedding(config.vocab_size, config.n_embd)
        self.layers = nn.ModuleList(Block(config, i) for i in range(config.n_layer))
        self.norm = RMSNorm(config.n_embd)
        self.checkpoint_activations = False  # keep only what goes into a layer, compute the rest again on the way back
        cos, sin = rope_table(config.block_size, config.head_size, config.rope_theta)
        self.register_buffer("cos", cos, persistent=False)  # (block_size, 1, hs)
        self.register_buffer("sin", sin, persistent=False)
        self.apply(_init)
        for name, weight in self.named_parameters():  # 2 additions a layer to the residual stream: GPT-2's scaling
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                nn.init.normal_(weight, std=INIT_STD / math.sqrt(2 * config.n_layer))

    def forward(self, ids, targets=None, positions=None, mask=None, cache=None, last_only=False):
        """Logits, or the summed loss when targets are given.

        ids:       (B, T) token ids
        targets:   (B, T) next ids, -100 where nothing is to be learned -> the sum over positions of the fp32 cross
                   entropy in nats, a scalar; the caller divides by its count of targets
        positions: (B, T) or None: each row's own positions (packed conversations); None: in order
        mask:      bool (B, 1, T, S), True where a query may look at a key; None: causal
        cache:     KVCache whose rows these tokens continue, and to which they are added; it knows positions and mask
        last_only: logits of the last position alone, (B, 1, V)
        -> logits (B, T, V)
        """
        T = ids.shape[1]
        if cache is not None:
            positions, mask = cache.begin(T)
        x = self.run_layers(self.layers, self.embed_tokens(ids), positions, mask, cache)  # (B, T, C)
        if cache is not None:
            cache.lengths += T
        if targets is not None:
            return self.nats(x, targets)
        return F.linear(self.norm(x[:, -1:] if last_only else x), self.embed_tokens.weight)  # (B, T, V)

    def run_layers(self, layers, x, positions=None, mask=None, cache=None):
        """x (B, T, C) through all layers; layers: the model's own, or compiled ones in their place."""
        if positions is None:
            cos, sin = self.cos[: x.shape[1]], self.sin[: x.shape[1]]  # (T, 1, hs)
        else:
            cos, sin = self.cos[positions], self.sin[positions]  # (B, T, 1, hs)
        cos, sin = cos.to(x.dtype), sin.to(x.dtype)
        for layer in layers:
            if self.checkpoint_activations and self.training:
                x = checkpoint(layer, x, cos, sin, mask, cache, use_reentrant=False)
            else:
                x = layer(x, cos, sin, mask, cache)
        return x

    def nats(self, x, targets):
        """The summed loss of what the last layer gives, (B, T, C); see forward()."""
        x = self.norm(x)
        if torch.compiler.is_compiling():  # the compiler fuses it, and keeps bf16 logits alone
            logits = F.linear(x, self.embed_tokens.weight)
            return F.cross_entropy(logits.float().flatten(0, 1), targets.flatten(), ignore_index=-100, reduction="sum")
        learned = targets != -100  # no logits where nothing is learned: half of all places in SFT
        return SummedCrossEntropy.apply(F.linear(x[learned], self.embed_tokens.weight).float(), targets[learned])

    def zero_init_projections(self) -> None:
        """Start the output projections of attention and MLP at zero: every block begins as the identity.

        The logit of the token just read is then n_embd x the tied embedding's std: at width 768 15.4 with the usual
        std, a starting loss of 15.2 instead of ln(vocab) = 10.4. So wider embeddings start smaller, at the logit of
        width 192.
        """
        if self.config.n_embd > 192:
            nn.init.normal_(self.embed_tokens.weight, std=INIT_STD * 192 / self.config.n_embd)
        for layer in self.layers:
            assert isinstance(layer, Block)
            nn.init.zeros_(layer.self_attn.o_proj.weight)
            nn.init.zeros_(layer.mlp.down_proj.weight)


class SummedCrossEntropy(torch.autograd.Function):
    """F.cross_entropy(reduction="sum") for eager mode: the gradient is made on the way forward, so that
    exp is taken once. 6 to 10 % of a CPU step, and one fp32 copy of the logits less in memory."""

    @staticmethod
    def forward(ctx, logits, targets):
        p = torch.softmax(logits, dim=-1)  # (N, V)
        places = targets[:, None]
        # -log p of the target, by way of the likeliest token's p, which cannot underflow
        nats = logits.amax(-1) - logits.gather(1, places)[:, 0] - p.amax(-1).log()
        p.scatter_add_(1, places, torch.full_like(places, -1, dtype=p.dtype))
        ctx.save_for_backward(p)
        return nats.sum()

    @staticmethod
    def backward(ctx, gradient):
        (p,) = ctx.saved_tensors
        return p.mul_(gradient), None


def _init(module: nn.Module) -> None:
    if isinstance(module, (nn.Linear, nn.Embedding)):
        nn.init.normal_(module.weight, std=INIT_STD)


def rope_table(length: int, head_size: int, theta: float) -> tuple[torch.Tensor, torch.Tensor]:
    """cos and sin of position x frequency, (length, 1, head_size) each, fp32; sin's first half negative: see
    rotate().
    """
    frequency = 1.0 / theta ** (torch.arange(0, head_size, 2).float() / head_size)  # (hs / 2)
    angle = torch.outer(torch.arange(length).float(), frequency)[:, None]  # (length, 1, hs / 2)
    return torch.cat((angle.cos(), angle.cos()), dim=-1), torch.cat((-angle.sin(), angle.sin()), dim=-1)


def parameter_counts(config: ModelConfig) -> dict[str, int]:
    """Parameters by part; their sum is the model's."""
    d, L = config.n_embd, config.n_layer
    return {
        "embedding = output layer": config.vocab_size * d,
        "attention: query, key, value": L * 3 * d * d,
        "attention: output": L * d * d,
        "MLP: gate, up": L * 2 * d * config.d_ff,
        "MLP: down": L * config.d_ff * d,
        "norms": (2 * L + 1) * d,
    }


def flops_per_token(config: ModelConfig) -> int:
    """Training FLOPs a token, forward and backward: 6 a parameter, and 12 L d T for attention's two products
    over the whole context (Chowdhery et al. 2022, PaLM, appendix B); what MFU is counted with."""
    return 6 * sum(parameter_counts(config).values()) + 12 * config.n_layer * config.n_embd * config.block_size


def training_memory(config: ModelConfig, micro_batch_size: int, compiled: bool) -> dict[str, int]:
    """An estimate in bytes for bf16 autocast and AdamW, without what CUDA itself takes (about 0.6 GiB).

    Weights, gradients and two moments are fp32; a copy of every matrix is kept in bf16. What the backward pass keeps of
    the activations was counted with torch.autograd.graph.saved_tensors_hooks, a token and layer: 32 d + 8 ff bytes in
    eager mode, of them 16 d for the residual stream and its normed copy in fp32; 24 d + 6 ff compiled, where cheap ones
    are computed again. The compiled loss holds logits and their gradient in bf16 alone, eager has them in fp32 as well.
    """
    n, tokens = sum(parameter_counts(config).values()), micro_batch_size * config.block_size
    d, ff = config.n_embd, config.d_ff
    return {
        "weights": 4 * n,
        "bf16 copies": 2 * n,
        "gradients": 4 * n,
        "optimizer": 8 * n,
        "activations": tokens * config.n_layer * (24 * d + 6 * ff if compiled else 32 * d + 8 * ff),
        "logits": tokens * config.vocab_size * (2 + 2 if compiled else 2 + 4 + 4),
    }


if __name__ == "__main__":
    stage_main(main, __doc__, ("model",))
