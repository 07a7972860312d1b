"""nanoGPT's model in our shape, for the benchmarks that put us beside it; its code is read from where you cloned it."""

from pathlib import Path

from load_file import load_file
from pipeline.config import InputError


def nanogpt_model(folder: Path, config):
    """GPT of `folder`/model.py with the vocabulary, width, heads, layers and context of `config`, without biases."""
    if not (folder / "model.py").exists():
        raise InputError(
            f"{folder}/model.py: not found; git clone https://github.com/karpathy/nanoGPT and give its folder"
        )
    module = load_file("nanogpt_model", folder / "model.py")
    return module.GPT(
        module.GPTConfig(
            block_size=config.block_size,
            vocab_size=config.vocab_size,
            n_layer=config.n_layer,
            n_head=config.n_head,
            n_embd=config.n_embd,
            dropout=0.0,
            bias=False,
        )
    )
