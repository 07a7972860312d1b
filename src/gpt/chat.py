"""The chat format, once in code and once as the Jinja template saved with every checkpoint.

    <|user|>What is gold?<|end|><|assistant|>Gold is a chemical element.<|end|>

A system message has no token of its own: its text stands before the next user's, with a blank line between; before the
last user's when none follows.
"""

from collections.abc import Callable

from gpt.text_stream import token_bytes
from gpt.tokenizer import Tokenizer
from pipeline.config import InputError

ROLES = ("system", "user", "assistant")
NOTHING_FOUND = "No article was found about this."  # stands as the text where a search has none: a model believes texts

TEMPLATE = (
    "{%- set ns = namespace(system='', late='', last=-1) -%}"
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'user' -%}{%- set ns.last = loop.index0 -%}{%- set ns.late = '' -%}"
    "{%- elif message['role'] == 'system' -%}{%- set ns.late = ns.late + message['content'] + '\n\n' -%}"
    "{%- elif message['role'] != 'assistant' -%}{{- raise_exception('unknown role: ' + message['role']) -}}"
    "{%- endif -%}"
    "{%- endfor -%}"
    "{%- if ns.last < 0 and ns.late -%}{{- '<|user|>' + ns.late[:-2] + '<|end|>' -}}{%- endif -%}"
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'system' -%}{%- set ns.system = ns.system + message['content'] + '\n\n' -%}"
    "{%- elif message['role'] == 'user' -%}"
    "{%- if loop.index0 == ns.last -%}{%- set ns.system = ns.system + ns.late -%}{%- endif -%}"
    "{{- '<|user|>' + ns.system + message['content'] + '<|end|>' -}}{%- set ns.system = '' -%}"
    "{%- else -%}{{- '<|assistant|>' + message['content'] + '<|end|>' -}}"
    "{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}"
)

# The same text, with what is learned marked: transformers and TRL (assistant_only_loss) read the marks, plain jinja2
# does not know them, so that this is a file of its own beside the template.
TRAINING_TEMPLATE = TEMPLATE.replace(
    "{%- else -%}{{- '<|assistant|>' + message['content'] + '<|end|>' -}}{%- endif -%}",
    "{%- else -%}{{- '<|assistant|>' -}}{%- generation -%}{{- message['content'] + '<|end|>' -}}{%- endgeneration -%}"
    "{%- endif -%}",
)


def with_passage(passage: str, question: str, question_first: bool = False) -> str:
    """What a user says who gives a text to answer from: the text, a blank line, the question; or the other way round.

    The one form for fine-tuning, examination and lookup. Two texts are one passage with a blank line between them.
    """
    return f"{question}\n\n{passage}" if question_first else f"{passage}\n\n{question}"


def turns(messages: list[dict]) -> list[tuple[str, str]]:
    """-> [(role, content)] with system texts moved into user turns. InputError on an unknown role."""
    system, result = "", []
    for message in messages:
        role, content = message["role"], message["content"]
        if role == "system":
            system += content + "\n\n"
        elif role == "user":
            result.append((role, system + content))
            system = ""
        elif role == "assistant":
            result.append((role, content))
        else:
            raise InputError(f"unknown role '{role}'; use one of {', '.join(ROLES)}")
    if system:  # no user turn follows it
        last = max((i for i, (role, _) in enumerate(result) if role == "user"), default=None)
        if last is None:
            return [("user", system[:-2]), *result]
        # What the last user turn had before its own text comes first, then what came too late.
        own = next(m["content"] for m in reversed(messages) if m["role"] == "user")
        before = result[last][1].removesuffix(own)
        result[last] = ("user", before + system + own)
    return result


def render(messages: list[dict], add_generation_prompt: bool = False) -> str:
    """The conversation as text, special tokens spelled out: to be read, and for tests; encode() makes the ids."""
    text = "".join(f"<|{role}|>{content}<|end|>" for role, content in turns(messages))
    return text + ("<|assistant|>" if add_generation_prompt else "")


def encode(
    tokenizer: Tokenizer,
    messages: list[dict],
    add_generation_prompt: bool = False,
    pieces: Callable[[str], list[str]] | None = None,
) -> tuple[list[int], list[bool]]:
    """-> (ids, learned): learned marks what the assistant says, its closing <|end|> included.

    pieces: cuts what the user says into the pieces that are encoded each for itself.
    """
    ids: list[int] = []
    learned: list[bool] = []
    spoken = turns(messages)
    parts = [pieces(content) if pieces and role == "user" else [content] for role, content in spoken]
    encoded = iter(tokenizer.encode_batch([piece for of_turn in parts for piece in of_turn]))
    for (role, _), of_turn in zip(spoken, parts):
        body = [i for _ in of_turn for i in next(encoded)]
        ids += [tokenizer.user_id if role == "user" else tokenizer.assistant_id, *body, tokenizer.end_id]
        learned += [False] + [role == "assistant"] * (len(body) + 1)
    if add_generation_prompt:
        ids.append(tokenizer.assistant_id)
        learned.append(False)
    return ids, learned


def ask(tokenizer: Tokenizer, messages: list[dict]) -> list[int]:
    """The ids up to where the assistant is to speak; a last message of its own is what it has begun to say."""
    begun = messages[-1]["role"] == "assistant"
    ids, _ = encode(tokenizer, messages, add_generation_prompt=not begun)
    return ids[:-1] if begun else ids


def prompt(tokenizer: Tokenizer, messages: list[dict], limit: int) -> tuple[list[int], int]:
    """-> (the ids up to where the assistant is to speak, how many of the oldest messages were left out).

    When the conversation has more than `limit` tokens, it begins at a later user turn; system texts stay. InputError
    when even the last message does not fit. Every message is encoded about once, and none that cannot fit.
    """
    system = [m for m in messages if m["role"] == "system"]
    rest = [m for m in messages if m["role"] != "system"]
    last = system + rest[max((i for i, m in enumerate(rest) if m["role"] == "user"), default=0) :]
    check_length(tokenizer, last, limit, "the last message and what belongs to it")
    room = limit - sum(len(tokenizer.encode(m["content"])) for m in system)
    for start in reversed(affordable(tokenizer, rest, room)):
        if start == 0 or rest[start]["role"] == "user":
            ids = ask(tokenizer, messages if start == 0 else system + rest[start:])
            if len(ids) <= limit:
                return ids, start
    ids = ask(tokenizer, last)
    if len(ids) <= limit:  # there are only system texts
        return ids, len(messages) - len(last)
    raise InputError(
        f"the last message and what belongs to it have {len(ids):,} tokens, there is room for {limit:,}; shorten it"
    )


def affordable(tokenizer: Tokenizer, messages: list[dict], limit: int) -> list[int]:
    """The messages from which on the conversation may have at most `limit` tokens; the last one comes first."""
    starts, cost = [], 1  # <|assistant|>
    for start in range(len(messages) - 1, -1, -1):
        content = messages[start]["content"]
        if cannot_fit(tokenizer, content, limit):
            break
        cost += len(tokenizer.encode_batch([content])[0]) + 2
        if cost > limit:
            break
        starts.append(start)
    return starts


def check_length(tokenizer: Tokenizer, messages: list[dict], limit: int, what: str = "the messages") -> None:
    """InputError when no tokenizing is needed to see that the messages have more than `limit` tokens."""
    if cannot_fit(tokenizer, "".join(m["content"] for m in messages), limit):
        raise InputError(f"{what} are far longer than the {limit:,} tokens there is room for; shorten")


def cannot_fit(tokenizer: Tokenizer, text: str, limit: int) -> bool:
    """The text has more than `limit` tokens even if all are the longest one. Tokenizing 4 MB takes seconds."""
    most = limit * max(map(len, token_bytes(tokenizer)))
    return len(text) > most or len(text.encode(errors="replace")) > most
