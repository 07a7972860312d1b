"""A tiny model with seeded random weights, its tokenizer and its checkpoint, for tests that need one in a second."""

import contextlib
import hashlib
import json
import random
import threading
import time
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer as HFTokenizer
from tokenizers import decoders, models, pre_tokenizers, trainers

from gpt import checkpoints
from gpt.decoder import Decoder
from gpt.tokenizer import Tokenizer
from model import KVCache, ModelConfig, WikiGPT

TEXT = """Gold is a chemical element with the symbol Au. Its atomic number is 79, and it is a soft yellow metal.
The Danube is a river in Europe. It flows through Vienna, Bratislava, Budapest and Belgrade into the Black Sea.
Paris is the capital of France. Tokyo is the capital of Japan. Zürich lies in Switzerland; 東京 is Tokyo in Japanese.
"""


def tiny_tokenizer(path: Path, vocab_size: int = 300) -> Tokenizer:
    """Byte-level BPE over TEXT, special tokens first, written to `path`."""
    hf = HFTokenizer(models.BPE())
    hf.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    hf.decoder = decoders.ByteLevel()
    hf.train_from_iterator(
        [TEXT],
        trainers.BpeTrainer(
            vocab_size=vocab_size,
            special_tokens=["<|user|>", "<|assistant|>", "<|end|>", "<|pad|>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    hf.save(str(path))
    return Tokenizer(path)


def token_files(folder: Path, train: int = 60, val: int = 8) -> Path:
    """tokenizer.json, and train.bin and val.bin with their manifests: so many documents of sentences of TEXT in random
    order, a hundred tokens each. -> folder"""
    tokenizer = tiny_tokenizer(folder / "tokenizer.json", vocab_size=280)
    sentences, rng = [s for s in TEXT.replace("\n", " ").split(". ") if s], random.Random(0)
    for name, documents in (("train", train), ("val", val)):
        texts = [". ".join(rng.sample(sentences, 3)) for _ in range(documents)]
        ids = np.array([i for text in texts for i in tokenizer.encode(text) + [tokenizer.end_id]], dtype="<u2")
        (folder / f"{name}.bin").write_bytes(ids.tobytes())
        size = sum(len(text.encode()) for text in texts)
        (folder / f"{name}.json").write_text(
            json.dumps(
                {
                    "tokens": len(ids),
                    "documents": documents,
                    "text_bytes": size,
                    "bytes_per_token": size / len(ids),
                    "tokenizer_sha256": tokenizer.sha256,
                    "vocab_size": tokenizer.vocab_size,
                    "sha256": hashlib.sha256(ids.tobytes()).hexdigest(),
                }
            )
        )
    return folder


def tiny_model(vocab_size: int = 300, block_size: int = 64, seed: int = 0) -> WikiGPT:
    """2 layers of width 32. Weights ten times as wide as a fresh model's, so that its choices are far apart."""
    torch.manual_seed(seed)
    model = WikiGPT(ModelConfig(vocab_size=vocab_size, n_layer=2, n_head=2, n_embd=32, block_size=block_size, d_ff=64))
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.mul_(10)
    return model.eval()


def tiny_checkpoint(folder: Path, block_size: int = 64, seed: int = 0) -> Path:
    """A whole checkpoint under folder/step_0000001, with folder/latest pointing at it. -> folder/latest"""
    tokenizer = tiny_tokenizer(folder / "tokenizer/tokenizer.json")
    model = tiny_model(tokenizer.vocab_size, block_size, seed)
    checkpoints.save(folder, "step_0000001", model, tokenizer)
    return folder / "latest"


class Parrot:
    """Stands in for gpt.decode_step.Step: to every prompt it says `answer` and then <|end|>, `delay` seconds a token.
    With `broken` set, it fails with that message."""

    def __init__(self, tokenizer: Tokenizer, answer: str | list[int], delay: float = 0.0):
        ids = tokenizer.encode(answer) if isinstance(answer, str) else answer
        self.script = torch.tensor(ids + [tokenizer.end_id])
        self.delay, self.broken = delay, None
        self.goes_on = threading.Event()
        self.goes_on.set()

    @contextlib.contextmanager
    def silent(self):
        """No token comes before the end of the block."""
        self.goes_on.clear()
        try:
            yield
        finally:
            self.goes_on.set()

    def decoder(self, model: WikiGPT, tokenizer: Tokenizer) -> Decoder:
        decoder = Decoder(model, tokenizer)
        decoder.next = lambda ids, cache: self.say(decoder, ids, cache)
        return decoder

    def say(self, decoder: Decoder, ids: torch.Tensor, cache: KVCache) -> torch.Tensor:
        if self.broken:
            raise RuntimeError(self.broken)
        time.sleep(self.delay)
        self.goes_on.wait()
        cache.begin(1)
        cache.lengths += 1
        said = torch.tensor([len(row.completion.ids) for row in decoder.rows]).clamp(max=len(self.script) - 1)
        return 100 * torch.nn.functional.one_hot(self.script[said], decoder.config.vocab_size).float()
