"""The chat format, once in code and once as the Jinja template saved with every checkpoint.

    <|user|>What is gold?<|end|><|assistant|>Gold is a chemical element.<|end|>

A system message has no token of its own: its text stands before the next user's, with a blank line between.
"""

from gpt.tokenizer import Tokenizer
from pipeline.config import InputError

ROLES = ("system", "user", "assistant")

TEMPLATE = (
    "{%- set ns = namespace(system='') -%}"
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'system' -%}{%- set ns.system = ns.system + message['content'] + '\n\n' -%}"
    "{%- elif message['role'] == 'user' -%}"
    "{{- '<|user|>' + ns.system + message['content'] + '<|end|>' -}}{%- set ns.system = '' -%}"
    "{%- elif message['role'] == 'assistant' -%}{{- '<|assistant|>' + message['content'] + '<|end|>' -}}"
    "{%- else -%}{{- raise_exception('unknown role: ' + message['role']) -}}"
    "{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}"
)


def with_passage(passage: str, question: str, question_first: bool = False) -> str:
    """What a user says who gives a text to answer from: the text, a blank line, the question; or the other way round.

    The one form for fine-tuning, examination and lookup. Two texts are one passage with a blank line between them.
    """
    return f"{question}\n\n{passage}" if question_first else f"{passage}\n\n{question}"


def turns(messages: list[dict]) -> list[tuple[str, str]]:
    """-> [(role, content)] with system texts moved into the next user turn. InputError on an unknown role."""
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
    return result


def render(messages: list[dict], add_generation_prompt: bool = False) -> str:
    """The conversation as text, special tokens spelled out: for the eye and for tests; encode() makes the ids."""
    text = "".join(f"<|{role}|>{content}<|end|>" for role, content in turns(messages))
    return text + ("<|assistant|>" if add_generation_prompt else "")


def encode(
    tokenizer: Tokenizer, messages: list[dict], add_generation_prompt: bool = False
) -> tuple[list[int], list[bool]]:
    """-> (ids, learned): learned marks what the assistant says, its closing <|end|> included."""
    ids, learned = [], []
    for role, content in turns(messages):
        body = tokenizer.encode(content) + [tokenizer.end_id]
        ids += [tokenizer.user_id if role == "user" else tokenizer.assistant_id] + body
        learned += [False] + [role == "assistant"] * len(body)
    if add_generation_prompt:
        ids.append(tokenizer.assistant_id)
        learned.append(False)
    return ids, learned


def prompt(tokenizer: Tokenizer, messages: list[dict], limit: int) -> tuple[list[int], int]:
    """-> (the ids up to where the assistant is to speak, how many of the oldest messages were left out).

    When the conversation has more than `limit` tokens, it begins at a later user turn; system texts stay. InputError
    when even the last message does not fit.
    """
    system = [m for m in messages if m["role"] == "system"]
    rest = [m for m in messages if m["role"] != "system"]
    starts = [i for i, m in enumerate(rest) if m["role"] == "user"] or [0]
    for start in starts if starts[0] == 0 else [0, *starts]:
        kept = messages if start == 0 else system + rest[start:]
        ids, _ = encode(tokenizer, kept, add_generation_prompt=True)
        if len(ids) <= limit:
            return ids, start
    raise InputError(
        f"the last message and what belongs to it have {len(ids):,} tokens, there is room for {limit:,}; shorten it"
    )
