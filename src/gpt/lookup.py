"""Answers that are read, not remembered: passages of the encyclopaedia before the user's question, as SFT shows them.

    reader = open_reader(cfg, wikipedia.search.Search)
    prompt = reader.prompt(tokenizer, messages, limit, context, "auto")    # prompt.ids to decode, .sources to show

Passages have at most half of the model's context, as in fine-tuning (src/gen_sft_data.py): what is longer is cut to the
sentences around the one that has most of the question; a conversation that no longer fits loses its oldest turns.
What was left out is counted. Where no passage is good enough, a sentence that says so stands in its place
(chat.NOTHING_FOUND): the model has learned to say then that it does not know, and to answer talk as ever.
"""

import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, TypedDict

from gpt import chat
from gpt.tokenizer import Tokenizer
from pipeline.config import Config, InputError, resolve
from pipeline.stage_output import input_hash

MODES = ("off", "auto", "always")


class Source(TypedDict):
    """A passage that the model has read."""

    title: str
    section: str
    url: str
    text: str
    score: float


class Search(Protocol):
    """A search engine, such as wikipedia.search.Search; safe for many threads."""

    good: float  # the score from which on a passage may answer

    def __call__(self, question: str, earlier: Sequence[str] = (), k: int = 3) -> Sequence[Source]:
        """The k best passages for a question, the best first. earlier: what was said before it."""

    def sentences(self, text: str) -> list[str]:
        """Its sentences; joined they are the text."""

    def asks(self, question: str) -> bool:
        """Whether it has a word that can be looked up; 'who are you?' has none."""


class SearchFailed(InputError):
    """The index was well when it was opened and cannot be read now."""


class Prompt(NamedTuple):
    ids: list[int]
    sources: list[Source]  # with what was read of their texts
    turns_left_out: int  # of the oldest messages
    sentences_left_out: int  # of the passages

    @property
    def left_out(self) -> dict[str, int]:
        """{"messages": 2, "sentences": 3} without the zeros."""
        counts = {"messages": self.turns_left_out, "sentences": self.sentences_left_out}
        return {what: n for what, n in counts.items() if n}


class Reader:
    """Puts passages before questions; without a search it says why there is none."""

    def __init__(self, search: Search | None, passages: int = 1, mode: str = "off", missing: str = "", tokens: int = 0):
        """passages: before a question, at most; mode: for those who do not say, one of MODES; tokens: of passages, at
        most, 0: as many as half of the context holds. A small model reads a few sentences better than many."""
        self.search, self.passages, self.missing, self.tokens = search, passages, missing, tokens
        self.mode = mode if search else "off"

    def asked(self, mode: str | None) -> str:
        """The mode that somebody asks for, or the default. InputError: there is nothing to look up in."""
        if mode in (None, "off"):
            return mode or self.mode
        if self.search is None:
            raise InputError(f"nothing can be looked up: {self.missing}")
        return mode

    def prompt(self, tokenizer: Tokenizer, messages: list[dict], limit: int, context: int, mode: str) -> Prompt:
        """The ids up to where the assistant is to speak, at most `limit` of them; passages before the last question.

        context: of the model, in tokens. InputError: the last message does not fit, or the search has failed.
        """
        place = max((i for i, m in enumerate(messages) if m["role"] == "user"), default=None)
        if mode == "off" or self.search is None or place is None:
            ids, dropped = chat.prompt(tokenizer, messages, limit)
            return Prompt(ids, [], dropped, 0)
        last = [m for i, m in enumerate(messages) if m["role"] == "system" or i >= place]
        chat.check_length(tokenizer, last, limit, "the last message and what belongs to it")
        question = messages[place]["content"]
        around = chat.ask(tokenizer, last) + tokenizer.encode(chat.with_passage("", ""))
        room = min(context // 2, limit - len(around))
        found = self._found(question, [m["content"] for m in messages[:place] if m["role"] != "system"], mode)
        sources, sentences_left_out = self._fitted(tokenizer, found, question, room)
        # a paragraph each: an empty line is what stands between text and question
        passage = "\n\n".join(" ".join(source["text"].split()) for source in sources)
        if not found and "\n" not in question.strip() and self.search.asks(question):
            said = len(tokenizer.encode(chat.NOTHING_FOUND))
            passage = chat.NOTHING_FOUND if said <= room else ""
        if passage:
            asked = {**messages[place], "content": chat.with_passage(passage, question)}
            messages = [*messages[:place], asked, *messages[place + 1 :]]
        ids, dropped = chat.prompt(tokenizer, messages, limit)
        return Prompt(ids, sources, dropped, sentences_left_out)

    def _found(self, question: str, earlier: list[str], mode: str) -> list[Source]:
        assert self.search
        try:
            found = self.search(question, earlier, self.passages)
        except InputError as error:
            raise SearchFailed(str(error)) from None
        return [source for source in found if mode == "always" or source["score"] >= self.search.good]

    def _fitted(
        self, tokenizer: Tokenizer, found: Sequence[Source], question: str, room: int
    ) -> tuple[list[Source], int]:
        """-> the passages as far as there is room for them, the sentences that there is none for"""
        assert self.search
        sources: list[Source] = []
        left_out, wanted = 0, self.tokens or room
        for source in found:
            text, cut = fitted(tokenizer, self.search.sentences(source["text"]), question, room, wanted)
            left_out += cut
            if text:
                sources.append({**source, "text": text})
                size = len(tokenizer.encode(text + "\n\n"))
                room, wanted = room - size, wanted - size
        return sources, left_out


def fitted(tokenizer: Tokenizer, sentences: list[str], question: str, room: int, wanted: int) -> tuple[str, int]:
    """-> as many sentences in a row as `wanted` tokens hold, around the one with most words of the question, and that
    one alone if it is longer, but has `room`; how many were left out. A word counts by its length, and less in as many
    sentences as have it."""
    sizes = [len(ids) for ids in tokenizer.encode_batch(sentences)]
    if wanted <= 0:
        return "", len(sentences)
    if sum(sizes) <= min(room, wanted):
        return "".join(sentences).strip(), 0
    asked, told = words(question), [words(sentence) for sentence in sentences]
    often = Counter(word for own in told for word in own)
    held = [sum(len(word) / often[word] for word in asked & own) for own in told]
    first = last = max(range(len(sentences)), key=lambda n: (sizes[n] <= room, held[n], -n))
    if sizes[first] > room:
        return "", len(sentences)
    room = min(room, wanted) - sizes[first]
    while True:  # what is before it first: it says who "she" is
        if first and sizes[first - 1] <= room:
            first -= 1
            room -= sizes[first]
        elif last + 1 < len(sentences) and sizes[last + 1] <= room:
            last += 1
            room -= sizes[last]
        else:
            return "".join(sentences[first : last + 1]).strip(), len(sentences) - (last + 1 - first)


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def open_reader(cfg: Config, open_search: Callable[[Path, str | None], Search], mode: str = "off") -> Reader:
    """A reader of the config's index. An index that is missing is said on stderr; one that cannot be used, too, where
    nobody asked for it (mode off), and is an InputError elsewhere.

    open_search: of an index and of what it must have been made of, the hash of data.deduped_dir where that is there.
    """
    path, deduped = resolve(cfg.lookup.index), resolve(cfg.data.deduped_dir)
    try:
        made_of = input_hash(deduped) if (deduped / "manifest.json").exists() else None
        return Reader(open_search(path, made_of), cfg.lookup.passages, mode, tokens=cfg.lookup.tokens)
    except InputError as error:
        if path.exists() and mode != "off":
            raise
        print(f"lookup is off: {error}", file=sys.stderr)
        return Reader(None, missing=f"{error}")
