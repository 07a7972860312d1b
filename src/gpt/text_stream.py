"""Token ids in, text out as soon as it is certain: no half characters, nothing that may turn out a stop string."""

import codecs
from collections.abc import Sequence
from functools import lru_cache

from gpt.tokenizer import Tokenizer


class TextStream:
    """push() a token at a time, flush() at the end. What a push costs grows with the length of the stop strings."""

    def __init__(self, tokenizer: Tokenizer, stop: Sequence[str]):
        self.bytes, self.stop = token_bytes(tokenizer), [s for s in stop if s]
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.held = ""  # may be the beginning of a stop string
        self.stopped = False  # a stop string has come; it and what follows are cut off

    def push(self, token: int) -> str:
        """-> the text that is certain now"""
        self.held += self.decoder.decode(self.bytes[token])
        if not self.stop:
            return self.flush()
        found = [at for at in (self.held.find(s) for s in self.stop) if at >= 0]
        if found:
            self.stopped, self.held = True, self.held[: min(found)]
            return self.flush()
        certain = min(self._beginning(s) for s in self.stop)
        text, self.held = self.held[:certain], self.held[certain:]
        return text

    def _beginning(self, stop: str) -> int:
        """Where the held text may begin to be `stop`, which does not stand in it whole; its length when nowhere."""
        at = self.held.find(stop[0], max(0, len(self.held) - len(stop) + 1))
        while at >= 0 and not stop.startswith(self.held[at:]):
            at = self.held.find(stop[0], at + 1)
        return len(self.held) if at < 0 else at

    def flush(self) -> str:
        """What was held back, at the end; bytes of a character that never came whole are dropped."""
        text, self.held = self.held, ""
        return text


@lru_cache(maxsize=4)
def token_bytes(tokenizer: Tokenizer) -> list[bytes]:
    """The bytes of every token by its id; a special token has none."""
    known = tokenizer.token_bytes()
    return [known.get(i, b"") for i in range(tokenizer.vocab_size)]
