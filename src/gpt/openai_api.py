"""The endpoints of the server, OpenAI's /v1 and a plain /chat: a request becomes jobs, the jobs become an answer."""

import asyncio
import random
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from fastapi import Request as HTTPRequest

from gpt import chat
from gpt.api_answers import TokenStrings, event_stream, sse, usage
from gpt.api_requests import APIError, ChatBody, CompletionBody, Generation, read_body
from gpt.decoder import Completion, Request, check_prompt, score
from gpt.engine import Engine, Job
from gpt.sampling import Sampling
from pipeline.config import InputError, Serve


class API:
    """The endpoints, and what they share: the engine, the model's name and settings."""

    def __init__(self, engine: Engine, settings: Serve):
        self.engine, self.settings, self.tokenizer = engine, settings, engine.tokenizer
        self.context = engine.model.config.block_size
        self.created = int(time.time())
        self.tokens = TokenStrings(engine.tokenizer)

    # ---- the endpoints

    async def health(self) -> dict:
        """GET /health: answers also while the model is busy."""
        return {
            "status": "ok",
            "model": self.settings.name,
            "checkpoint": self.settings.checkpoint,
            "context": self.context,
            "temperature": self.settings.temperature,
            "decoding": len(self.engine.decoder.rows),
            "waiting": len(self.engine.waiting),
        }

    async def models(self) -> dict:
        """GET /v1/models"""
        return {"object": "list", "data": [self._model_card()]}

    async def model(self, name: str) -> dict:
        """GET /v1/models/{name}"""
        self._check_model(name)
        return self._model_card()

    async def chat_completions(self, http: HTTPRequest) -> Any:
        """POST /v1/chat/completions"""
        body: ChatBody = await read_body(http, ChatBody)
        self._check_model(body.model)
        prompt, _ = chat.encode(self.tokenizer, [m.plain() for m in body.messages], add_generation_prompt=True)
        limit = body.max_tokens if body.max_completion_tokens is None else body.max_completion_tokens
        logprobs = (body.top_logprobs or 0) if body.logprobs else None
        jobs = self.engine.submit(self._requests(body, [prompt], "messages", limit, logprobs))
        head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": self.settings.name}
        if body.stream:
            return event_stream(self._stream_chat(http, body, jobs, head, len(prompt)))
        async for _ in follow(http, self.engine, jobs):
            pass
        choices = [
            {
                "index": i,
                "message": {"role": "assistant", "content": job.completion.text, "refusal": None},
                "logprobs": self.tokens.chat_logprobs(job.completion, 0, len(job.completion.ids))
                if body.logprobs
                else None,
                "finish_reason": job.completion.finish_reason,
            }
            for i, job in enumerate(jobs)
        ]
        return head | {"object": "chat.completion", "choices": choices, "usage": usage(jobs, len(prompt))}

    async def completions(self, http: HTTPRequest) -> Any:
        """POST /v1/completions: prompts of text or token ids; echo with logprobs scores them, as lm-eval asks."""
        body: CompletionBody = await read_body(http, CompletionBody)
        self._check_model(body.model)
        limit = 16 if body.max_tokens is None else body.max_tokens  # 16 is OpenAI's own
        prompts = self._token_prompts(body.prompt)
        requests = self._requests(body, prompts, "prompt", max(limit, 1), body.logprobs)
        scores: list[tuple[list[float], list[dict[int, float]]]] = []
        if body.echo and body.logprobs is not None:
            most, model = max(body.logprobs, 1), self.engine.model
            scores = [await self.engine.call(lambda p=p: score(model, p, most)) for p in prompts]  # type: ignore[misc]
        answers = TextAnswers(self, body, prompts, scores)
        if limit:
            jobs = self.engine.submit(requests)
            if body.stream:
                return event_stream(answers.stream(http, jobs))
            async for _ in follow(http, self.engine, jobs):
                pass
        else:
            done, loop = Completion(finish_reason="length"), asyncio.get_running_loop()
            jobs = [Job(request, i, asyncio.Queue(), loop, done) for i, request in enumerate(requests)]
        return answers.whole(jobs)

    async def plain_chat(self, http: HTTPRequest) -> Any:
        """POST /chat: a stream of {"text": ...}; a conversation that is too long loses its oldest turns."""
        body: ChatBody = await read_body(http, ChatBody)
        room = min(self.context - 1 if body.max_tokens is None else body.max_tokens, self.context // 2)
        try:
            prompt, dropped = chat.prompt(self.tokenizer, [m.plain() for m in body.messages], self.context - room)
        except InputError as error:
            raise APIError(400, str(error), "messages", "context_length_exceeded") from None
        (job,) = self.engine.submit(self._requests(body, [prompt], "messages", body.max_tokens, None)[:1])

        async def events() -> AsyncIterator[str]:
            if dropped:
                yield sse({"dropped": dropped})
            async for _, text, tokens, finish in follow(http, self.engine, [job]):
                if text:
                    yield sse({"text": text})
                if finish:
                    yield sse({"finish_reason": finish, "tokens": tokens})

        return event_stream(events())

    # ---- what they are made of

    def _model_card(self) -> dict:
        return {
            "id": self.settings.name,
            "object": "model",
            "created": self.created,
            "owned_by": "wikillm",
            "root": self.settings.checkpoint,
            "max_model_len": self.context,
        }

    def _check_model(self, name: str | None) -> None:
        if name not in (None, self.settings.name):
            message = f"the model '{name}' is not here; this server has '{self.settings.name}'"
            raise APIError(404, message, "model", "model_not_found")

    def _token_prompts(self, prompt) -> list[list[int]]:
        """One list of ids a prompt; an empty prompt is the beginning of a document."""
        if isinstance(prompt, str) or (prompt and isinstance(prompt[0], int)):
            prompt = [prompt]
        if not prompt:
            raise APIError(400, "prompt: is empty", "prompt")
        ids = [self.tokenizer.encode(p) if isinstance(p, str) else p for p in prompt]
        known = self.engine.model.config.vocab_size
        if any(not 0 <= i < known for p in ids for i in p):
            raise APIError(400, f"prompt: token ids are 0 to {known - 1}", "prompt")
        return [p or [self.tokenizer.end_id] for p in ids]

    def _requests(
        self, body: Generation, prompts: list[list[int]], param: str, max_tokens: int | None, logprobs: int | None
    ) -> list[Request]:
        """n requests for each prompt. APIError when one is too long."""
        n = body.n or 1
        if n * len(prompts) > (most := self.engine.max_batch + self.engine.queue):
            message = f"n: {n * len(prompts)} answers in one request are more than the {most} that this server takes"
            raise APIError(400, f"{message} (serve.max_batch + serve.queue)", "n")
        for prompt in prompts:
            try:
                check_prompt(prompt, self.context)
            except InputError as error:
                raise APIError(400, str(error), param, "context_length_exceeded") from None
        seed = random.getrandbits(63) if body.seed is None else body.seed
        stop = tuple(s for s in ([body.stop] if isinstance(body.stop, str) else body.stop or []) if s)
        limit, sampling = self.context if max_tokens is None else max_tokens, self._sampling(body)
        return [Request(p, limit, sampling, seed + i, stop, logprobs) for p in prompts for i in range(n)]

    def _sampling(self, body: Generation) -> Sampling:
        """The request's settings, the config's where it gives none."""
        names = ("temperature", "top_k", "top_p", "min_p", "repetition_penalty")
        given = {name: value for name in names if (value := getattr(body, name)) is not None}
        return replace(Sampling.of(self.settings), **given)

    async def _stream_chat(
        self, http: HTTPRequest, body: ChatBody, jobs: list[Job], head: dict, prompt_tokens: int
    ) -> AsyncIterator[str]:
        head = head | {"object": "chat.completion.chunk"}
        with_usage = bool(body.stream_options and body.stream_options.include_usage)
        extra = {"usage": None} if with_usage else {}
        shown = [0] * len(jobs)  # tokens whose log-probabilities have gone out

        def chunk(number: int, delta: dict, logprobs: dict | None = None, finish: str | None = None) -> str:
            choice = {"index": number, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
            return sse(head | {"choices": [choice]} | extra)

        for number in range(len(jobs)):
            yield chunk(number, {"role": "assistant", "content": ""})
        async for job, text, tokens, finish in follow(http, self.engine, jobs):
            if text or body.logprobs:
                start, shown[job.number] = shown[job.number], tokens
                logprobs = self.tokens.chat_logprobs(job.completion, start, tokens) if body.logprobs else None
                yield chunk(job.number, {"content": text}, logprobs)
            if finish:
                yield chunk(job.number, {}, None, finish)
        if with_usage:
            yield sse(head | {"choices": [], "usage": usage(jobs, prompt_tokens)})
        yield sse("[DONE]")


class TextAnswers:
    """The answers of one request of /v1/completions, whole or as a stream."""

    def __init__(self, api: API, body: CompletionBody, prompts: list[list[int]], scores: list):
        """scores: of each prompt, as gpt.decoder.score gives them; empty when they are not asked for"""
        self.api, self.body, self.prompts, self.scores = api, body, prompts, scores
        self.echoes = [api.tokenizer.decode(p) if body.echo else "" for p in prompts]
        self.count = sum(map(len, prompts))
        self.head = {
            "id": f"cmpl-{uuid.uuid4().hex}",
            "object": "text_completion",
            "created": int(time.time()),
            "model": api.settings.name,
        }

    def whole(self, jobs: list[Job]) -> dict:
        choices = [
            self._choice(job, job.completion.text, 0, len(job.completion.ids), job.completion.finish_reason)
            for job in jobs
        ]
        return self.head | {"choices": choices, "usage": usage(jobs, self.count)}

    async def stream(self, http: HTTPRequest, jobs: list[Job]) -> AsyncIterator[str]:
        options = self.body.stream_options
        extra = {"usage": None} if options and options.include_usage else {}
        shown = [0] * len(jobs)
        async for job, text, tokens, finish in follow(http, self.api.engine, jobs):
            yield sse(self.head | {"choices": [self._choice(job, text, shown[job.number], tokens, finish)]} | extra)
            shown[job.number] = tokens
        if extra:
            yield sse(self.head | {"choices": [], "usage": usage(jobs, self.count)})
        yield sse("[DONE]")

    def _choice(self, job: Job, text: str, start: int, end: int, finish: str | None) -> dict:
        """The part of an answer from token `start` on; the first one has the echo."""
        which = job.number // (self.body.n or 1)
        logprobs = self._logprobs(job.completion, which, start, end) if self.body.logprobs is not None else None
        text = (self.echoes[which] if start == 0 else "") + text
        return {"index": job.number, "text": text, "logprobs": logprobs, "finish_reason": finish}

    def _logprobs(self, done: Completion, which: int, start: int, end: int) -> dict:
        ids, own, alternatives = done.ids[start:end], done.logprobs[start:end], done.alternatives[start:end]
        if self.scores and start == 0:
            prompt, (scores, likeliest) = self.prompts[which], self.scores[which]
            tokens = self.api.tokens
            return tokens.text_logprobs(prompt + ids, [None, *scores, *own], [None, *likeliest, *alternatives], 0)
        offset = len(self.echoes[which]) + len(self.api.tokenizer.decode(done.ids[:start]))
        return self.api.tokens.text_logprobs(ids, own, alternatives, offset)


async def follow(http: HTTPRequest, engine: Engine, jobs: list[Job]) -> AsyncIterator[tuple[Job, str, int, str | None]]:
    """(job, text, tokens so far, finish reason) as they come. However it ends, also because the client has gone,
    decoding ends with it."""
    running = len(jobs)
    try:
        while running:
            try:
                event = await asyncio.wait_for(jobs[0].events.get(), 1.0)
            except asyncio.TimeoutError:
                event = None
            if await http.is_disconnected():
                return
            if event is None:
                continue
            job, text, tokens, finish, error = event
            if error:
                raise APIError(500, f"decoding failed: {error}")
            running -= finish is not None
            yield job, text, tokens, finish
    finally:
        engine.cancel(jobs)
