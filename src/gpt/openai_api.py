"""The endpoints of the server, OpenAI's /v1 and a plain /chat: a request becomes jobs, the jobs become an answer."""

import random
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, TypeVar

from fastapi import Request as HTTPRequest

from gpt import chat
from gpt.api_answers import DONE, EventStream, TokenStrings, finish, follow, json_answer, sse, usage
from gpt.api_requests import (
    LARGE,
    APIError,
    ChatBody,
    CompletionBody,
    DetokenizeBody,
    Generation,
    TokenizeBody,
    check_ids,
    off_loop,
    plain_messages,
    read_body,
    read_prompt,
)
from gpt.decoder import Completion, Request, check_prompt
from gpt.engine import Engine, Job, QueueFull
from gpt.grammar import Grammar, Schemas
from gpt.lookup import Prompt, Reader, SearchFailed
from gpt.sampling import Sampling
from pipeline.config import InputError, Serve

Result = TypeVar("Result")


class Served:
    """A model by its name: its engine, and what endpoints need to know of it."""

    def __init__(self, name: str, engine: Engine):
        self.name, self.engine, self.tokenizer = name, engine, engine.tokenizer
        self.context = engine.config.block_size
        self.created = int(time.time())
        self.tokens = TokenStrings(engine.tokenizer)
        self.schemas = Schemas(engine.tokenizer, engine.config.vocab_size)

    def card(self) -> dict:
        return {
            "id": self.name,
            "object": "model",
            "created": self.created,
            "owned_by": "wikillm",
            "root": self.name,
            "max_model_len": self.context,
        }


class API:
    """The endpoints over the models that are served; the first is the one that a request without a name gets."""

    def __init__(self, engines: dict[str, Engine], settings: Serve, reader: Reader | None = None):
        self.models = {name: Served(name, engine) for name, engine in engines.items()}
        self.settings, self.first = settings, next(iter(self.models.values()))
        self.default = Sampling.of(settings)
        self.reader = reader or Reader(None, missing="this server has no index")

    # ---- the endpoints

    async def health(self) -> dict:
        """GET /health: answers also while the models are busy."""
        engines = [model.engine for model in self.models.values()]
        return {
            "status": "ok",
            "model": self.first.name,
            "models": list(self.models),
            "context": self.first.context,
            "temperature": self.settings.temperature,
            "top_p": self.settings.top_p,
            "lookup": self.reader.mode,
            "can_look_up": self.reader.search is not None,
            "decoding": sum(engine.decoder.size for engine in engines),
            "waiting": sum(len(engine.waiting) + len(engine.outside) for engine in engines),
        }

    async def live(self) -> dict:
        """GET /health/live: the process answers."""
        return {"status": "ok"}

    async def ready(self) -> dict:
        """GET /health/ready: it takes requests; 503 when it is being stopped or a decoding thread has died."""
        if not all(model.engine.well for model in self.models.values()):
            raise APIError(503, "the server is being stopped, or its decoding has ended", code="not_ready")
        return {"status": "ok"}

    async def list_models(self) -> dict:
        """GET /v1/models"""
        return {"object": "list", "data": [model.card() for model in self.models.values()]}

    async def one_model(self, name: str) -> dict:
        """GET /v1/models/{name}"""
        return self._model(name).card()

    async def chat_completions(self, http: HTTPRequest) -> Any:
        """POST /v1/chat/completions"""
        body, (model, messages) = await read_body(http, ChatBody, self._asked)
        if body.continue_final_message and messages[-1]["role"] != "assistant":
            raise APIError(
                400, "messages: the last one is not the assistant's; there is nothing to continue", "messages"
            )

        def ask() -> Prompt:  # without lookup a conversation that is too long is refused, as OpenAI does
            chat.check_length(model.tokenizer, messages, model.context)
            return Prompt(chat.ask(model.tokenizer, messages), [], 0, 0)

        limit = body.max_tokens if body.max_completion_tokens is None else body.max_completion_tokens
        mode = self._lookup(body)
        read = (
            await self._tokenize(length_of(messages), ask)
            if mode == "off"
            else await self._read(model, messages, limit, mode)
        )
        prompt = read.ids
        logprobs = (body.top_logprobs or 0) if body.logprobs else None
        jobs = await model.engine.submit(await self._requests(model, body, [prompt], "messages", limit, logprobs))
        head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": model.name}
        looked_up = {} if mode == "off" else {"sources": read.sources, "left_out": read.left_out}
        if body.stream:
            return EventStream(stream_chat(model, body, jobs, head, len(prompt), looked_up))
        await finish(http, model.engine, jobs)

        def whole() -> dict:
            choices = [
                {
                    "index": i,
                    "message": {"role": "assistant", "content": job.completion.text, "refusal": None},
                    "logprobs": model.tokens.chat_logprobs(job.completion, 0, len(job.completion.ids))
                    if body.logprobs
                    else None,
                    "finish_reason": job.completion.finish_reason,
                }
                for i, job in enumerate(jobs)
            ]
            answer = {"object": "chat.completion", "choices": choices, "usage": usage(jobs, len(prompt))}
            return head | answer | looked_up

        return await json_answer(numbers_in(jobs, logprobs), whole)

    async def completions(self, http: HTTPRequest) -> Any:
        """POST /v1/completions: prompts of text or token ids; echo with logprobs scores them, as lm-eval asks."""

        def look(body: CompletionBody) -> tuple[Served, list[str | list[int]]]:
            model = self._model(body.model)
            return model, read_prompt(body.prompt, model.engine.config.vocab_size, model.engine.places)

        body, (model, given) = await read_body(http, CompletionBody, look)

        def tokens() -> list[list[int]]:
            for prompt in given:
                if isinstance(prompt, str) and chat.cannot_fit(model.tokenizer, prompt, model.context):
                    raise InputError(f"a prompt is far longer than the {model.context:,} tokens that the model reads")
            texts = model.tokenizer.encode_batch([p for p in given if isinstance(p, str)])
            ids = [texts.pop(0) if isinstance(prompt, str) else prompt for prompt in given]
            return [i or [model.tokenizer.end_id] for i in ids]  # an empty prompt is the beginning of a document

        prompts = await self._tokenize(sum(map(len, given)), tokens, "prompt")
        limit = 16 if body.max_tokens is None else body.max_tokens  # 16 is OpenAI's own
        requests = await self._requests(model, body, prompts, "prompt", limit, body.logprobs)
        answers = await off_loop(10 * sum(map(len, prompts)), lambda: TextAnswers(model, body, prompts))
        jobs = await model.engine.submit(requests)
        if body.stream:
            return EventStream(answers.stream(jobs))
        await finish(http, model.engine, jobs)
        told = numbers_in(jobs, body.logprobs) + sum(map(len, prompts)) * (1 + (body.logprobs or 0))
        return await json_answer(told, lambda: answers.whole(jobs))

    async def plain_chat(self, http: HTTPRequest) -> Any:
        """POST /chat: a stream of {"text": ...}; a conversation that is too long loses its oldest turns."""
        body, (model, messages) = await read_body(http, ChatBody, self._asked)
        mode = self._lookup(body)
        read = await self._read(model, messages, body.max_tokens, mode)
        requests = await self._requests(model, body, [read.ids], "messages", body.max_tokens, None)
        jobs = await model.engine.submit(requests[:1])

        async def events() -> AsyncIterator[bytes]:
            if read.turns_left_out:
                yield sse({"dropped": read.turns_left_out})
            if mode != "off":
                yield sse({"sources": read.sources, "sentences_left_out": read.sentences_left_out})
            async for _, text, tokens, finished in follow(model.engine, jobs):
                if text:
                    yield sse({"text": text})
                if finished:
                    yield sse({"finish_reason": finished, "tokens": tokens})

        return EventStream(events())

    async def tokenize(self, http: HTTPRequest) -> Any:
        """POST /tokenize, as vLLM has it: the ids of a prompt, or of messages in the chat format."""
        body, (model, messages) = await read_body(http, TokenizeBody, self._asked)
        if (body.prompt is None) == (body.messages is None):
            raise APIError(400, "prompt: give either prompt or messages", "prompt")
        ask = body.add_generation_prompt is not False

        def tokens() -> list[int]:
            if body.prompt is not None:
                return model.tokenizer.encode_batch([body.prompt])[0]
            return chat.encode(model.tokenizer, messages, add_generation_prompt=ask)[0]

        ids = await self._tokenize(len(body.prompt or "") + length_of(messages), tokens)
        count = {"count": len(ids), "max_model_len": model.context}
        return await json_answer(len(ids), lambda: count | {"tokens": ids})

    async def detokenize(self, http: HTTPRequest) -> Any:
        """POST /detokenize: the text of ids."""

        def text(body: DetokenizeBody) -> str:
            model = self._model(body.model)
            check_ids(body.tokens, model.engine.config.vocab_size, "tokens")
            return model.tokenizer.decode(body.tokens)

        _, prompt = await read_body(http, DetokenizeBody, text)
        return await json_answer(len(prompt) // 4, lambda: {"prompt": prompt})

    def close(self) -> None:
        for model in self.models.values():
            model.schemas.close()

    # ---- what they are made of

    def _asked(self, body: ChatBody | TokenizeBody) -> tuple[Served, list[dict]]:
        return self._model(body.model), plain_messages(body.messages or [])

    def _model(self, name: str | None) -> Served:
        model = self.first if name is None else self.models.get(name)
        if model is None:
            here = ", ".join(f"'{other}'" for other in self.models)
            raise APIError(404, f"the model '{name}' is not here; this server has {here}", "model", "model_not_found")
        return model

    def _lookup(self, body: ChatBody) -> str:
        try:
            return self.reader.asked(body.lookup)
        except InputError:  # which names a path of this machine; stderr has had it at the start
            why = "lookup: nothing can be looked up: this server has no index (scripts/build_index.py makes one)"
            raise APIError(400, why, "lookup") from None

    async def _read(self, model: Served, messages: list[dict], max_tokens: int | None, mode: str) -> Prompt:
        """The conversation with what was looked up, and room for the answer: half of the context at most, a quarter
        beside a passage, whose answers are short."""
        most = model.context // (2 if mode == "off" else 4)
        limit = model.context - min(model.context - 1 if max_tokens is None else max_tokens, most)
        size = length_of(messages) if mode == "off" else LARGE + 1  # searching is a thread's work
        return await self._tokenize(
            size, lambda: self.reader.prompt(model.tokenizer, messages, limit, model.context, mode)
        )

    async def _tokenize(self, size: int, work: Callable[[], Result], param: str = "messages") -> Result:
        """work's value, in a thread when there is much to tokenize. What does not fit is the client's fault."""
        try:
            return await off_loop(size, work)
        except SearchFailed as error:
            print(f"lookup: {error}", file=sys.stderr)
            raise APIError(503, "the search index cannot be read", "lookup", "lookup_failed") from None
        except InputError as error:
            raise APIError(400, str(error), param, "context_length_exceeded") from None

    async def _requests(
        self,
        model: Served,
        body: Generation,
        prompts: list[list[int]],
        param: str,
        max_tokens: int | None,
        logprobs: int | None,
    ) -> list[Request]:
        """n requests for each prompt. APIError when one is too long, or something in the body cannot be done."""
        n = body.n or 1
        if n * len(prompts) > (most := model.engine.places):
            message = f"n: {n * len(prompts)} answers in one request are more than the {most} that this server takes"
            raise APIError(400, f"{message} (serve.max_batch + serve.queue)", "n")
        for prompt in prompts:
            try:
                check_prompt(prompt, model.context)
            except InputError as error:
                raise APIError(400, str(error), param, "context_length_exceeded") from None
        sampling, vocab_size = body.sampling(self.default), model.engine.config.vocab_size
        for name, ids in (("logit_bias", [i for i, _ in sampling.bias]), ("stop_token_ids", body.stop_token_ids or [])):
            if any(not 0 <= i < vocab_size for i in ids):
                raise APIError(400, f"{name}: token ids are 0 to {vocab_size - 1}", name)
        seed = random.getrandbits(63) if body.seed is None else body.seed
        limit = model.context if max_tokens is None else max_tokens
        scored = logprobs if isinstance(body, CompletionBody) and body.echo else None
        grammar = await self._grammar(model, body)
        return [
            Request(
                prompt,
                limit,
                sampling,
                seed + i,
                body.stops(),
                logprobs,
                prompt_logprobs=None if scored is None else max(scored, 1),
                stop_ids=frozenset(body.stop_token_ids or ()),
                min_new_tokens=body.min_tokens or 0,
                ignore_end=bool(body.ignore_eos),
                grammar=grammar,
            )
            for prompt in prompts
            for i in range(n)
        ]

    async def _grammar(self, model: Served, body: Generation) -> Grammar | None:
        schema = body.response_format.schema_of() if body.response_format else None
        if schema is None:
            return None
        try:
            grammar = await model.schemas.grammar(schema)
        except InputError as error:
            raise APIError(400, f"response_format: {error}", "response_format") from None
        if grammar is None:
            raise QueueFull("too many schemas are waiting; try again in a moment")
        return grammar


def length_of(messages: list[dict]) -> int:
    return sum(len(message["content"]) for message in messages)


def numbers_in(jobs: list[Job], logprobs: int | None) -> int:
    """About how many numbers an answer with log-probabilities has, a text without them counted as one a token."""
    return sum(len(job.completion.ids) for job in jobs) * (1 if logprobs is None else 4 * (1 + logprobs))


async def stream_chat(
    model: Served, body: ChatBody, jobs: list[Job], head: dict, prompt_tokens: int, looked_up: dict
) -> AsyncIterator[bytes]:
    head = head | {"object": "chat.completion.chunk"}
    with_usage = bool(body.stream_options and body.stream_options.include_usage)
    extra = {"usage": None} if with_usage else {}
    shown = [0] * len(jobs)  # tokens whose log-probabilities have gone out

    def chunk(
        number: int, delta: dict, logprobs: dict | None = None, finished: str | None = None, first: dict | None = None
    ) -> bytes:
        choice = {"index": number, "delta": delta, "logprobs": logprobs, "finish_reason": finished}
        return sse(head | {"choices": [choice]} | extra | (first or {}))

    for number in range(len(jobs)):
        yield chunk(number, {"role": "assistant", "content": ""}, first=looked_up if number == 0 else {})
    async for job, text, tokens, finished in follow(model.engine, jobs):
        if text or body.logprobs:
            start, shown[job.number] = shown[job.number], tokens
            logprobs = model.tokens.chat_logprobs(job.completion, start, tokens) if body.logprobs else None
            yield chunk(job.number, {"content": text}, logprobs)
        if finished:
            yield chunk(job.number, {}, None, finished)
    if with_usage:
        yield sse(head | {"choices": [], "usage": usage(jobs, prompt_tokens)})
    yield DONE


class TextAnswers:
    """The answers of one request of /v1/completions, whole or as a stream."""

    def __init__(self, model: Served, body: CompletionBody, prompts: list[list[int]]):
        self.model, self.body, self.prompts = model, body, prompts
        self.echoes = [model.tokenizer.decode(p) if body.echo else "" for p in prompts]
        self.count = sum(map(len, prompts))
        self.head = {
            "id": f"cmpl-{uuid.uuid4().hex}",
            "object": "text_completion",
            "created": int(time.time()),
            "model": model.name,
        }

    def whole(self, jobs: list[Job]) -> dict:
        choices = [
            self._choice(job, job.completion.text, 0, len(job.completion.ids), job.completion.finish_reason)
            for job in jobs
        ]
        return self.head | {"choices": choices, "usage": usage(jobs, self.count)}

    async def stream(self, jobs: list[Job]) -> AsyncIterator[bytes]:
        options = self.body.stream_options
        extra = {"usage": None} if options and options.include_usage else {}
        shown = [0] * len(jobs)
        async for job, text, tokens, finished in follow(self.model.engine, jobs):
            start, shown[job.number] = shown[job.number], tokens
            yield await off_loop(
                self._size(job, start), partial(self._event, extra, job, text, start, tokens, finished)
            )
        if extra:
            yield sse(self.head | {"choices": [], "usage": usage(jobs, self.count)})
        yield DONE

    def _size(self, job: Job, start: int) -> int:
        """Bytes, about, of an event: the first one has the echo and what it scores."""
        if start or not self.body.echo:
            return 0
        return 20 * len(self.prompts[job.number // (self.body.n or 1)]) * (1 + (self.body.logprobs or 0))

    def _event(self, extra: dict, *told) -> bytes:
        return sse(self.head | {"choices": [self._choice(*told)]} | extra)

    def _choice(self, job: Job, text: str, start: int, end: int, finished: str | None) -> dict:
        """The part of an answer from token `start` on; the first one has the echo."""
        which = job.number // (self.body.n or 1)
        logprobs = self._logprobs(job.completion, which, start, end) if self.body.logprobs is not None else None
        text = (self.echoes[which] if start == 0 else "") + text
        return {"index": job.number, "text": text, "logprobs": logprobs, "finish_reason": finished}

    def _logprobs(self, done: Completion, which: int, start: int, end: int) -> dict:
        ids, own, alternatives = done.ids[start:end], done.logprobs[start:end], done.alternatives[start:end]
        tokens, prompt = self.model.tokens, self.prompts[which]
        if self.body.echo and start == 0:
            scores: list[float | None] = [None, *done.prompt_logprobs, *own]
            return tokens.text_logprobs(prompt + ids, scores, [None, *done.prompt_alternatives, *alternatives], 0)
        offset = len(self.echoes[which]) + len(self.model.tokenizer.decode(done.ids[:start]))
        return tokens.text_logprobs(ids, own, alternatives, offset)
