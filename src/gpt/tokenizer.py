"""The tokenizer as the stages use it: text from outside never yields a special token id."""

from pathlib import Path

from tokenizers import Tokenizer as HFTokenizer

from pipeline.config import InputError
from pipeline.files import sha256_file

PAD = "<|pad|>"  # id 3: for tools that pad; never trained on


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
        self.sha256 = sha256_file(self.path)
        self.special_ids = {
            token: self.hf.token_to_id(token) for token in ("<|user|>", "<|assistant|>", "<|end|>", PAD)
        }
        if sorted(self.special_ids.values(), key=str) != [0, 1, 2, 3] or self.special_ids[PAD] != 3:
            raise InputError(
                f"{path}: special tokens are not ids 0-3: {self.special_ids}; make it with train_tokenizer.py"
            )
        self.user_id, self.assistant_id, self.end_id, self.pad_id = self.special_ids.values()

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
