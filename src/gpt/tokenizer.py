"""The tokenizer as the stages use it: text from outside never yields a special token id."""

import json
from pathlib import Path
from typing import NamedTuple

from tokenizers import Regex, models, pre_tokenizers
from tokenizers import Tokenizer as HFTokenizer
from tokenizers.pre_tokenizers import PreTokenizer

from pipeline.config import InputError
from pipeline.files import sha256_file

PAD = "<|pad|>"  # id 3: for tools that pad; never trained on


class Split(NamedTuple):
    """How text is cut into pieces before BPE, which joins bytes within a piece only."""

    pattern: str  # a regular expression that matches a piece, as fancy as tiktoken and tokenizers both understand
    gguf: str  # llama.cpp's name for it


_ENGLISH_ENDINGS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_CAPITAL, _SMALL = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
SPLITS = {
    # without backtracking; what tokenizers' ByteLevel(use_regex=True) does
    "gpt2": Split(r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s", "gpt-2"),
    # GPT-4o's: a vowel sign of Hindi or Thai stays with its letter, digits come in threes. What llama.cpp calls gpt-4o
    # cuts at those signs (44 of 122 hard texts came out otherwise); under this name it has the pattern as it is.
    "o200k": Split(
        rf"[^\r\n\p{{L}}\p{{N}}]?{_CAPITAL}*{_SMALL}+{_ENGLISH_ENDINGS}"
        rf"|[^\r\n\p{{L}}\p{{N}}]?{_CAPITAL}+{_SMALL}*{_ENGLISH_ENDINGS}"
        r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        "granite-embed-multi-97m",
    ),
}


def pre_tokenizer(split: str) -> PreTokenizer:
    """The step before BPE of a tokenizer that is to be trained."""
    if split == "gpt2":
        return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLITS[split].pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


class Tokenizer:
    """tokenizer.json with the ids of its special tokens: user_id, assistant_id, end_id, pad_id."""

    def __init__(self, path: Path):
        self.path = Path(path)
        if not self.path.exists():
            raise InputError(
                f"{path}: no tokenizer there; run python src/train_tokenizer.py with the same config first"
            )
        try:
            self.hf = HFTokenizer.from_file(str(path))
        except Exception as error:  # the library raises bare Exception
            raise InputError(f"{path}: not a tokenizer.json ({error}); make it again") from None
        self.hf.encode_special_tokens = True  # a literal "<|end|>" in an article is text
        self.hf.no_padding()
        self.hf.no_truncation()
        self.vocab_size = self.hf.get_vocab_size()
        self.split = self._split()
        self.sha256 = sha256_file(self.path)
        special = {token: self.hf.token_to_id(token) for token in ("<|user|>", "<|assistant|>", "<|end|>", PAD)}
        if sorted(special.values(), key=str) != [0, 1, 2, 3] or special[PAD] != 3:
            raise InputError(f"{path}: special tokens are not ids 0-3: {special}; make it with train_tokenizer.py")
        self.special_ids = {token: i for token, i in special.items() if i is not None}
        self.user_id, self.assistant_id, self.end_id, self.pad_id = self.special_ids.values()

    def _split(self) -> str:
        """Which of SPLITS tokenizer.json has: what another encoder, or llama.cpp, must do as well."""
        for name in SPLITS:
            probe = HFTokenizer(models.BPE())
            probe.pre_tokenizer = pre_tokenizer(name)
            if json.loads(probe.to_str())["pre_tokenizer"] == json.loads(self.hf.to_str())["pre_tokenizer"]:
                return name
        raise InputError(f"{self.path}: splits text in another way than {' or '.join(SPLITS)}; train it anew")

    def encode(self, text: str) -> list[int]:
        return self.hf.encode(text, add_special_tokens=False).ids

    def encode_batch(self, texts: list[str]) -> list[list[int]]:
        return [e.ids for e in self.hf.encode_batch(texts, add_special_tokens=False)]

    def token_bytes(self) -> dict[int, bytes]:
        """id -> the bytes it stands for, of all tokens but the special ones."""
        byte_of = {character: byte for byte, character in byte_characters().items()}
        return {
            index: bytes(byte_of[c] for c in token)
            for token, index in self.hf.get_vocab().items()
            if index not in self.special_ids.values()
        }

    def decode(self, ids: list[int]) -> str:
        """The text of the ids; special tokens are left out."""
        return self.hf.decode(ids, skip_special_tokens=True)


def byte_characters() -> dict[int, str]:
    """How a byte-level vocabulary spells each byte: printable ones as themselves, the others from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + i) for i, byte in enumerate(others)}
