"""A tokenizer for models with random weights, where only the speed of decoding counts."""


class Letters:
    """What the decoder asks of a tokenizer; every token is a letter. <|end|> is barred like the other special tokens,
    so that every row has all its tokens."""

    special_ids = {"<|user|>": 0, "<|assistant|>": 1, "<|end|>": 2, "<|pad|>": 3}
    end_id, pad_id = -1, 3

    def __init__(self, vocab_size: int):
        self.vocab_size = vocab_size

    def token_bytes(self) -> dict[int, bytes]:
        return dict.fromkeys(range(4, self.vocab_size), b"a")
