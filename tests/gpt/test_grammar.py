"""Answers by a JSON schema: schemas that cannot be kept to, or never end to compile; answers that end, or cannot."""

import asyncio
import json

import pytest

from gpt import checkpoints, grammar
from gpt.decoder import Completion, Decoder, Request, stream
from gpt.grammar import GrammarFailed, Schemas
from gpt.sampling import Sampling
from pipeline.config import InputError
from tiny import tiny_checkpoint

HOT = Sampling(2.0)
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 8}, "age": {"type": "integer", "maximum": 200}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
LETTERS = {"enum": ["a", "b"]}
MANY = {"type": "object", "properties": {f"k{i}": {"type": "string"} for i in range(500)}}  # too much for one step
ENDLESS = {"allOf": [{"type": "string", "pattern": f"^.*x{i}.*$"} for i in range(30)]}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return checkpoints.load(tiny_checkpoint(tmp_path_factory.mktemp("tiny"), block_size=256))


@pytest.fixture(scope="module")
def schemas(tiny):
    model, tokenizer = tiny
    schemas = Schemas(tokenizer, model.config.vocab_size)
    yield schemas
    schemas.close()


def of(schemas: Schemas, schema: dict):
    return asyncio.run(schemas.grammar(schema))


def answers(tiny, *requests: Request) -> list[Completion]:
    done = {index: completion for index, _, completion in stream(Decoder(*tiny), list(requests), len(requests))}
    return [done[i] for i in range(len(requests))]


@pytest.mark.parametrize("seed", range(3))
def test_an_answer_keeps_to_its_grammar(tiny, schemas, seed):
    """A model with random weights, hot, beside a row that is free."""
    free = Request([9], 20, HOT, seed)
    held, beside = answers(tiny, Request([9], 120, HOT, seed, grammar=of(schemas, PERSON), logprobs=2), free)
    value = json.loads(held.text)
    assert held.finish_reason == "stop" and set(value) == {"name", "age"} and value["age"] <= 200
    assert beside.ids == answers(tiny, free)[0].ids


@pytest.mark.parametrize(
    "schema, said",
    [
        ({"type": "nope"}, "Invalid type: nope"),
        ({"type": "string", "pattern": "("}, "unclosed group"),
        ({"type": "string", "pattern": "(?=a)b"}, "look-around"),
        ({"type": "array", "uniqueItems": True}, "uniqueItems"),
        ({"$ref": "http://elsewhere/"}, "not present"),
        ({"$ref": "#/$defs/none"}, "does not exist"),
        ({"$ref": "#"}, "no value fits it"),
        ({"enum": []}, "Unsatisfiable"),
        ({"type": "integer", "minimum": 5, "maximum": 1}, "Unsatisfiable"),
        ({"const": json.loads("[" * 900 + "]" * 900)}, "recursion limit"),
    ],
)
def test_a_schema_that_cannot_be_kept_is_refused(schemas, schema, said):
    with pytest.raises(InputError, match=f"the schema cannot be used: (?s:.)*{said}"):
        of(schemas, schema)


def test_a_schema_that_never_ends_to_compile_is_given_up_and_the_next_one_is_not(tiny, monkeypatch):
    monkeypatch.setattr(grammar, "SECONDS", 0.5)
    schemas = Schemas(tiny[1], tiny[0].config.vocab_size)
    try:
        for _ in range(2):
            with pytest.raises(InputError, match="compiling it takes too long"):
                of(schemas, ENDLESS)
        assert of(schemas, LETTERS) is of(schemas, LETTERS)  # compiled once
    finally:
        schemas.close()


def test_a_server_that_stops_does_not_wait_for_a_schema(tiny):
    schemas = Schemas(tiny[1], tiny[0].config.vocab_size)

    async def stop():
        waiting = asyncio.create_task(schemas.grammar(ENDLESS))
        while not schemas.checker:
            await asyncio.sleep(0.01)
        schemas.close()
        with pytest.raises(InputError, match="compiling it failed"):
            await waiting
        assert await schemas.grammar(LETTERS) is None

    asyncio.run(stop())


def test_only_so_many_schemas_wait(tiny, monkeypatch):
    monkeypatch.setattr(grammar, "MOST_WAITING", 2)
    schemas = Schemas(tiny[1], tiny[0].config.vocab_size)

    async def three():
        return await asyncio.gather(*(schemas.grammar(LETTERS | {"title": str(i)}) for i in range(3)))

    compiled = asyncio.run(three())
    schemas.close()
    assert compiled[0] and compiled[1] and compiled[2] is None and schemas.waiting == 0


@pytest.mark.parametrize(
    "options",
    [{"min_new_tokens": 20}, {"ignore_end": True}, {"min_new_tokens": 20, "stop_ids": frozenset(range(4, 300))}],
)
def test_json_that_is_whole_ends_whatever_else_is_asked(tiny, schemas, options):
    """Nothing may come after it, so that neither min_tokens nor ignore_eos can be kept to."""
    free = Request([9], 20, HOT, 1)
    done, beside = answers(tiny, Request([9], 40, HOT, 3, grammar=of(schemas, LETTERS), **options), free)
    assert done.finish_reason == "stop" and len(done.ids) < 20
    assert "stop_ids" in options or json.loads(done.text) in ("a", "b")
    assert beside.ids == answers(tiny, free)[0].ids


def test_answers_of_one_schema_do_not_know_of_each_other(tiny, schemas):
    """One has ended when the others are in the midst of theirs."""
    letters = of(schemas, {"enum": ["a", "bbbbbbbb"]})
    said = [json.loads(d.text) for d in answers(tiny, *(Request([9], 40, HOT, n, grammar=letters) for n in range(6)))]
    assert set(said) == {"a", "bbbbbbbb"}


def test_a_schema_too_complex_to_follow_fails_its_own_answer_alone(tiny, schemas):
    free = Request([9], 20, HOT, 1)
    failed, beside = answers(tiny, Request([9], 40, HOT, 3, grammar=of(schemas, MANY)), free)
    assert failed.finish_reason == "error" and isinstance(failed.problem, GrammarFailed)
    assert beside.ids == answers(tiny, free)[0].ids and beside.problem is None
