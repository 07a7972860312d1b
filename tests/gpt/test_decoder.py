"""The decoding engine: equal to transformers, the same alone and in company, whole characters, exact cuts."""

import copy
import shutil

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gpt import checkpoints
from gpt.decode_step import CompiledStep, Step
from gpt.decoder import Completion, Decoder, Request, generate, stream
from gpt.prefix_cache import PrefixCache
from gpt.sampling import Knobs, Sampling, smallest_kept
from gpt.text_stream import TextStream, token_bytes
from model import KVCache
from pipeline.config import InputError
from tiny import TEXT, Parrot, tiny_checkpoint, tiny_model

GREEDY = Sampling(temperature=0.0)
ALPHABET = "ab é🏔"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return tiny_checkpoint(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def tiny(checkpoint):
    return checkpoints.load(checkpoint)


@pytest.fixture(scope="module")
def llama(checkpoint):
    transformers = pytest.importorskip("transformers")
    return transformers.AutoModelForCausalLM.from_pretrained(checkpoint)


def prompts_of(tokenizer) -> list[list[int]]:
    return [
        tokenizer.encode(line)
        for line in (
            "Gold is a",
            "The Danube is a river in Europe. It flows",
            "P",
            "Zürich",
            "東京 is",
            "Tokyo is the capital of Japan. Paris",
            "A",
        )
    ]


@pytest.fixture()
def say(tiny):
    """What generate() would give if the model said these ids and then <|end|>."""
    model, tokenizer = tiny

    def run(
        ids: list[int], prompt: list[int] | None = None, max_new_tokens: int = 50, stop=()
    ) -> tuple[Completion, list[str]]:
        events = list(
            stream(
                Parrot(tokenizer, ids).decoder(model, tokenizer),
                [Request(prompt or [9], max_new_tokens, GREEDY, 0, tuple(stop))],
                1,
            )
        )
        return events[-1][2], [text for _, text, _ in events]

    return run


def hf_generate(llama, tokenizer, prompts, new, **options):
    longest = max(map(len, prompts))
    ids = torch.tensor([[tokenizer.pad_id] * (longest - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts])
    out = llama.generate(
        ids,
        attention_mask=mask,
        max_new_tokens=new,
        pad_token_id=tokenizer.pad_id,
        suppress_tokens=[tokenizer.user_id, tokenizer.assistant_id, tokenizer.pad_id],
        **options,
    )
    rows = [row[longest:].tolist() for row in out]
    return [row[: row.index(tokenizer.end_id) + 1] if tokenizer.end_id in row else row for row in rows]


def test_greedy_is_transformers_token_for_token(tiny, llama):
    model, tokenizer = tiny
    prompts = prompts_of(tokenizer)
    ours = generate(model, tokenizer, prompts, 20, GREEDY, [0] * len(prompts))
    assert [c.ids for c in ours] == hf_generate(llama, tokenizer, prompts, 20, do_sample=False)
    assert len({tuple(c.ids) for c in ours}) == len(prompts)  # the rows are not all the same by accident


def test_repetition_penalty_is_transformers(tiny, llama):
    model, tokenizer = tiny
    prompt = prompts_of(tokenizer)[1:2]  # a batch of one: transformers would punish its padding as well
    plain = generate(model, tokenizer, prompt, 20, GREEDY, [0])[0].ids
    ours = generate(model, tokenizer, prompt, 20, Sampling(0.0, repetition_penalty=1.7), [0])[0].ids
    assert ours == hf_generate(llama, tokenizer, prompt, 20, do_sample=False, repetition_penalty=1.7)[0]
    assert ours != plain


def test_a_row_gives_the_same_alone_and_in_company(tiny):
    model, tokenizer = tiny
    knobs = [
        Sampling(1.5),
        GREEDY,
        Sampling(2.0, top_k=20),
        Sampling(1.5, top_p=0.8),
        Sampling(3.0, min_p=0.02),
        Sampling(1.0, repetition_penalty=1.3),
        Sampling(2.5, 50, 0.9, 0.01, 1.1),
    ]
    requests = [
        Request(p, 5 + 4 * i, s, seed=100 + i, logprobs=0) for i, (p, s) in enumerate(zip(prompts_of(tokenizer), knobs))
    ]
    alone = [last(model, tokenizer, [r])[0] for r in requests]
    for batch_size in (2, 3, 7):  # below 7, rows join while others are half done, and move when one ends
        together = last(model, tokenizer, requests, batch_size)
        assert [c.ids for c in together] == [c.ids for c in alone]
        assert [c.text for c in together] == [c.text for c in alone]
        for a, b in zip(together, alone):
            np.testing.assert_allclose(a.logprobs, b.logprobs, atol=1e-4)


def last(model, tokenizer, requests, batch_size=1) -> list[Completion]:
    done = {}
    for index, _, completion in stream(Decoder(model, tokenizer), requests, batch_size):
        done[index] = completion
    return [done[i] for i in range(len(requests))]


def test_the_seed_decides(tiny):
    model, tokenizer = tiny
    prompt = tokenizer.encode("Gold is")
    a, b, c = generate(model, tokenizer, [prompt] * 3, 15, Sampling(2.0), [7, 7, 8])
    assert a.ids == b.ids != c.ids


def test_draws_have_the_probabilities_that_transformers_gives_them():
    from transformers import (
        LogitsProcessorList,
        MinPLogitsWarper,
        TemperatureLogitsWarper,
        TopKLogitsWarper,
        TopPLogitsWarper,
    )

    torch.manual_seed(0)
    logits = torch.randn(1, 300) * 2
    for t, k, p, m in (
        (1.0, 0, 1.0, 0.0),
        (0.7, 0, 1.0, 0.0),
        (1.0, 10, 1.0, 0.0),
        (1.0, 0, 0.7, 0.0),
        (1.3, 0, 1.0, 0.1),
        (0.9, 40, 0.8, 0.02),
        (1.0, 1, 1.0, 0.0),
        (2.0, 100, 0.95, 0.0),
    ):
        chain = (
            [TemperatureLogitsWarper(t)]
            + ([TopKLogitsWarper(k)] if k else [])
            + [TopPLogitsWarper(p)]
            + [MinPLogitsWarper(m)]
        )
        expected = LogitsProcessorList(chain)(None, logits.clone()).softmax(-1)[0]
        n = 10_000
        knobs = Knobs([Sampling(t, k, p, m)] * n, [[]] * n, [[]] * n, 300, torch.device("cpu"))
        drawn = knobs.choose(logits.expand(n, -1), [(i + 0.5) / n for i in range(n)])  # a fine grid, not chance
        got = torch.bincount(drawn, minlength=300) / n
        assert (got - expected).abs().max() < 2 / n, (t, k, p, m)


def test_smallest_kept_beyond_the_first_candidates():
    torch.manual_seed(1)
    p = (torch.randn(4, 3000) * torch.tensor([[0.1], [1.0], [3.0], [0.5]])).softmax(-1)
    top_k, top_p = torch.tensor([[3000], [3000], [500], [1500]]), torch.tensor([[0.9], [0.5], [0.99], [1.0]])
    for row in range(4):
        ordered = p[row].sort(descending=True).values[: top_k[row]].double()
        before = (ordered.cumsum(0) - ordered) / ordered.sum()
        expected = ordered[before < top_p[row].double()].min()
        assert smallest_kept(p, top_k, top_p)[row].item() == pytest.approx(expected.item(), rel=1e-3)


def test_special_tokens_and_unknown_ids_are_never_drawn(tiny, tmp_path):
    _, tokenizer = tiny
    model = tiny_model(vocab_size=320)  # 20 ids that the tokenizer does not know
    done = generate(model, tokenizer, [[5]] * 16, 60, Sampling(50.0), list(range(16)))  # nearly uniform
    drawn = {i for c in done for i in c.ids} - {tokenizer.end_id}
    assert len(drawn) > 200 and min(drawn) > 3 and max(drawn) < 300
    assert "<|" not in "".join(c.text for c in done)


def test_end_stops_and_is_not_text(say, tiny):
    ids = tiny[1].encode("Gold is soft.")
    done, _ = say(ids)
    assert (done.ids, done.text, done.finish_reason) == (ids + [tiny[1].end_id], "Gold is soft.", "stop")


def test_length_is_said_and_the_context_is_the_bound(say, tiny):
    ids = tiny[1].encode("a" * 99)
    done, _ = say(ids, max_new_tokens=3)
    assert (done.text, done.finish_reason) == ("aaa", "length")
    done, _ = say(ids, [9] * 60, 500)
    assert len(done.ids) == tiny[0].config.block_size - 60 and done.finish_reason == "length"


@pytest.mark.parametrize("prompt", [[], [9] * 64, [9] * 200])
def test_prompts_that_leave_no_room_are_refused(tiny, prompt):
    with pytest.raises(
        InputError, match="empty" if not prompt else f"{len(prompt)} tokens, the model reads at most 64"
    ):
        generate(*tiny, [prompt], 5, GREEDY, [0])


@pytest.mark.parametrize(
    "stop, text",
    [("Au", "symbol "), ("mbol A", "sy"), ("symbol Au.", ""), (". I", "symbol Au"), ("nowhere", "symbol Au. It")],
)
def test_stop_strings_are_cut_out_wherever_tokens_end(say, tiny, stop, text):
    said = "symbol Au. It"
    for ids in (tiny[1].encode(said), [i for c in said for i in tiny[1].encode(c)]):
        done, _ = say(ids, stop=["zzz", stop])
        assert (done.text, done.finish_reason) == (text, "stop")


def test_streamed_pieces_are_whole_characters_and_add_up(say, tiny):
    said = "Zürich 東京 🏔️ é"
    ids = [b for c in said for b in tiny[1].encode(c)]
    _, pieces = say(ids)
    assert len(pieces) == len(ids) + 1 > len(said)  # characters of several tokens among them
    assert "".join(pieces) == said and "\ufffd" not in "".join(pieces)
    cut, _ = say(tiny[1].encode("🏔"), max_new_tokens=2)  # ends inside a character
    assert (cut.text, len(cut.ids)) == ("", 2)


class FakeTokenizer:
    """A token for each byte."""

    vocab_size = 256

    def token_bytes(self) -> dict[int, bytes]:
        return {i: bytes([i]) for i in range(256)}


FAKE_TOKENIZER = FakeTokenizer()


@given(
    st.text(alphabet=ALPHABET, max_size=30), st.lists(st.text(alphabet=ALPHABET, min_size=1, max_size=4), max_size=3)
)
def test_text_stream_is_the_text_up_to_the_first_stop(text, stops):
    tokens = TextStream(FAKE_TOKENIZER, stops)
    said, ended = "", None
    for n, byte in enumerate(text.encode(), 1):
        said += tokens.push(byte)
        assert not any(s in said for s in stops)
        if tokens.stopped:
            ended = n
            break
    said += tokens.flush()
    heard = text.encode()[:ended].decode(errors="ignore")
    assert (ended is not None) == any(s in text for s in stops)
    assert said == heard[: min((heard.find(s) for s in stops if s in heard), default=len(heard))]


def test_token_bytes_are_what_the_library_decodes(tiny):
    tokenizer = tiny[1]
    table = token_bytes(tokenizer)
    ids = tokenizer.encode(TEXT + "\t🙂 <|end|>")
    assert b"".join(table[i] for i in ids).decode() == tokenizer.decode(ids) == TEXT + "\t🙂 <|end|>"
    assert sorted(t for t in table if len(t) == 1) == [bytes([b]) for b in range(256)]
    assert table[:4] == [b""] * 4


def test_logprobs_are_the_models_own(tiny, llama):
    model, tokenizer = tiny
    prompt = tokenizer.encode("The Danube")
    done = generate(model, tokenizer, [prompt], 12, Sampling(1.5, top_k=30, repetition_penalty=1.2), [3], logprobs=4)[0]
    with torch.no_grad():
        reference = llama(torch.tensor([prompt + done.ids])).logits[0, len(prompt) - 1 : -1].log_softmax(-1)
    np.testing.assert_allclose(done.logprobs, reference.gather(1, torch.tensor(done.ids)[:, None])[:, 0], atol=1e-4)
    for alternatives, row in zip(done.alternatives, reference):
        assert list(alternatives) == row.topk(4).indices.tolist()
        np.testing.assert_allclose(list(alternatives.values()), row.topk(4).values, atol=1e-4)


def test_score_is_the_models_log_probability_of_a_text(tiny, llama):
    model, tokenizer = tiny
    ids = tokenizer.encode("Paris is the capital of France.")
    decoder = Decoder(model, tokenizer, chunk=3)
    other = tokenizer.encode("Gold is a chemical element")  # read beside it, and longer than a chunk too
    decoder.add([Request(ids, 0, GREEDY, 0, prompt_logprobs=3), Request(other, 5, GREEDY, 0)], ["text", "other"])
    done = {}
    while decoder.size:
        done |= {row.key: row.completion for row, _ in decoder.step() if row.completion.finish_reason}
    assert done["text"].ids == [] and len(done["other"].ids) == 5
    own, alternatives = done["text"].prompt_logprobs, done["text"].prompt_alternatives
    with torch.no_grad():
        reference = llama(torch.tensor([ids])).logits[0, :-1].log_softmax(-1)
    np.testing.assert_allclose(own, reference.gather(1, torch.tensor(ids[1:])[:, None])[:, 0], atol=1e-4)
    assert [list(a) for a in alternatives] == reference.topk(3).indices.tolist()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_step_is_what_the_model_computes(dtype):
    """Rows of different lengths, the norms' weights away from 1. In bf16 it rounds elsewhere than the model does, but
    not more."""
    exact = tiny_model()
    torch.manual_seed(5)
    with torch.no_grad():
        for weight in exact.parameters():
            if weight.dim() == 1:
                weight.uniform_(0.5, 2.0)
    exact, model = exact.to(dtype).double(), copy.deepcopy(exact).to(dtype)
    ids = torch.randint(4, 300, (3, 20))
    lengths = [5, 20, 11]
    cache = KVCache(model.config, 3, 30, "cpu", dtype)
    ours, models = [], []
    with torch.no_grad():
        model(ids, cache=cache)
        cache.lengths.copy_(torch.tensor(lengths))
        step, tokens = Step(model), torch.randint(4, 300, (4, 3))
        for n, token in enumerate(tokens):
            logits = step(token, cache)
            assert cache.lengths.tolist() == [length + n + 1 for length in lengths]
            for row, length in enumerate(lengths):
                whole = torch.cat((ids[row, :length], tokens[: n + 1, row]))[None]
                expected = exact(whole)[0, -1]
                ours.append((logits[row] - expected).square().mean())
                models.append((model(whole)[0, -1] - expected).square().mean())
    error, models_error = (torch.stack(squares).mean().sqrt().item() for squares in (ours, models))
    assert error <= 1.5 * models_error and models_error < {torch.float32: 1e-5, torch.bfloat16: 0.1}[dtype]


def test_a_dropped_row_leaves_the_others_as_they_are(tiny):
    model, tokenizer = tiny
    prompts = prompts_of(tokenizer)[:3]
    requests = [Request(p, 12, Sampling(2.0), 5) for p in prompts]
    expected = last(model, tokenizer, requests, 3)
    decoder = Decoder(model, tokenizer)
    decoder.add(requests, [0, 1, 2])
    for _ in range(4):
        decoder.step()
    decoder.drop(next(row for row in decoder.rows if row.key == 0))
    rows = {row.key: row.completion for row in decoder.rows}
    while decoder.rows:
        decoder.step()
    assert [rows[i].ids for i in (1, 2)] == [expected[i].ids for i in (1, 2)]


@pytest.mark.parametrize(
    "limits", [Sampling(1e-30), Sampling(1.0, top_p=0.0), Sampling(2.0, top_k=1), Sampling(2.0, min_p=1.0)]
)
def test_extreme_settings_are_greedy(tiny, limits):
    model, tokenizer = tiny
    prompts = prompts_of(tokenizer)
    assert [c.ids for c in generate(model, tokenizer, prompts, 8, limits, [1] * len(prompts))] == [
        c.ids for c in generate(model, tokenizer, prompts, 8, GREEDY, [0] * len(prompts))
    ]


@pytest.mark.parametrize("how", [GREEDY, Sampling(1.0), Sampling(1.0, top_p=0.9)])
def test_weights_that_are_not_numbers_are_said(tiny, how):
    model = tiny_model()
    torch.nn.init.constant_(model.norm.weight, float("nan"))
    with pytest.raises(InputError, match="diverged"):
        generate(model, tiny[1], [[9], [10]], 5, how, [0, 1])


def test_training_mode_and_bf16(tiny):
    model, tokenizer = tiny
    model.train()
    try:
        generate(model, tokenizer, [[9]], 2, GREEDY, [0])
        assert model.training
    finally:
        model.eval()
    half = tiny_model().to(torch.bfloat16)
    assert len(generate(half, tokenizer, [[9, 10], [11]], 5, Sampling(1.0, top_p=0.9), [0, 1])[0].ids) == 5


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")
def test_a_compiled_decoder_says_the_same_and_compiles_once(tiny):
    """Rows that join and leave, one alone, prompts of one token, a cache that has to grow."""
    if not any(map(shutil.which, ("c++", "g++", "clang++"))):
        pytest.skip("torch.compile needs a C++ compiler: install g++ or clang++")
    import torch._dynamo

    model, tokenizer = tiny_model(block_size=600), tiny[1]
    decoder = Decoder(model, tokenizer, compiled=True)
    assert type(decoder.next) is CompiledStep
    jobs = [
        Request(prompt, 10 + 10 * n, how, n)
        for n, prompt in enumerate(prompts_of(tokenizer))
        for how in (GREEDY, Sampling(1.5, top_p=0.9))
    ]
    jobs += [Request(jobs[2].prompt, 300, GREEDY, 3), Request([9], 30, GREEDY, 3)]
    for batch_size in (8, 1):
        with torch._dynamo.config.patch(error_on_recompile=True):
            done = {index: completion.ids for index, _, completion in stream(decoder, jobs, batch_size)}
        assert [done[i] for i in range(len(jobs))] == [c.ids for c in last(model, tokenizer, jobs, batch_size)]


def test_a_decoder_that_cannot_be_compiled_does_without(tiny, monkeypatch, capsys):
    def broken(*_, **__):
        raise RuntimeError("backend='inductor' raised: no C++ compiler\nand more")

    model, tokenizer = tiny
    monkeypatch.setattr(torch, "compile", broken)
    decoder = Decoder(model, tokenizer, compiled=True)
    assert (
        capsys.readouterr().err
        == "warning: torch.compile failed (backend='inductor' raised: no C++ compiler); going on without it\n"
    )
    job = Request(tokenizer.encode("Gold is a"), 10, GREEDY, 0)
    assert [c.ids for _, _, c in stream(decoder, [job], 1)][-1] == last(model, tokenizer, [job])[0].ids


def run_to_end(decoder: Decoder) -> dict:
    """-> {key: completion} of all that finished"""
    done = {}
    while decoder.size:
        done |= {row.key: row.completion for row, _ in decoder.step() if row.completion.finish_reason}
    return done


@pytest.mark.parametrize("chunk", [1, 7, 64])
def test_prompts_read_in_chunks_give_what_they_give_whole(tiny, chunk):
    model, tokenizer = tiny
    requests = [Request(p, 12, Sampling(2.0), 5) for p in prompts_of(tokenizer)]
    expected = last(model, tokenizer, requests, len(requests))
    decoder = Decoder(model, tokenizer, chunk=chunk)
    decoder.add(requests[:2], [0, 1])
    for i in range(2, len(requests)):  # each joins while others are being read or answered
        decoder.step()
        decoder.add([requests[i]], [i])
    done = run_to_end(decoder)
    assert [done[i].ids for i in range(len(requests))] == [expected[i].ids for i in range(len(requests))]


def test_a_long_prompt_never_keeps_the_others_waiting(tiny):
    """Between two tokens of those that are answered, at most a chunk of prompts is read."""
    model, tokenizer = tiny
    decoder = Decoder(model, tokenizer, chunk=8)
    read, sizes = decoder.read, []
    decoder.read = lambda ids, cache: sizes.append(ids.numel()) or read(ids, cache)
    decoder.add([Request([5 + i], 60, Sampling(2.0), i, ignore_end=True) for i in range(4)], range(4))
    decoder.step()
    decoder.add([Request([7] * 40, 3, GREEDY, 0), Request([8] * 39, 3, GREEDY, 0)], ["a", "b"])
    for _ in range(4):
        sizes.clear()
        assert len({row.key for row, _ in decoder.step()} & {0, 1, 2, 3}) == 4
        assert sum(sizes) <= 8
    done = run_to_end(decoder)
    assert len(done) == 6
    decoder.add([Request([9] * 60, 1, GREEDY, 0)], ["alone"])
    sizes.clear()
    decoder.step()
    assert max(sizes) > 8  # nobody waits: more at once


def test_prompts_are_not_padded_to_the_longest(tiny):
    """Seven short prompts and a long one cost about their own tokens."""
    model, tokenizer = tiny
    decoder = Decoder(model, tokenizer)
    read, sizes = decoder.read, []
    decoder.read = lambda ids, cache: sizes.append(ids.numel()) or read(ids, cache)
    lengths = [6, 8, 7, 8, 60, 7, 8, 6]
    decoder.add([Request([5] * (n + 1), 1, GREEDY, 0) for n in lengths], lengths)
    run_to_end(decoder)
    assert sum(lengths) <= sum(sizes) <= 1.25 * sum(lengths)


def test_a_row_that_leaves_while_prompts_are_read(tiny):
    model, tokenizer = tiny
    prompts = [[5] * 20, [6] * 20, [7] * 20]
    requests = [Request(p, 9, Sampling(2.0), 5) for p in prompts]
    expected = last(model, tokenizer, requests, 3)
    decoder = Decoder(model, tokenizer, chunk=100)
    decoder.chunk = 6
    rows = decoder.add(requests, [0, 1, 2])
    decoder.rows, saved = [], decoder.rows
    decoder.step()
    assert decoder.size == 3 and not saved
    decoder.drop(rows[1])
    assert decoder.size == 2
    done = run_to_end(decoder)
    assert {i: c.ids for i, c in done.items()} == {i: expected[i].ids for i in (0, 2)}


def test_what_was_seen_before_is_not_read_again(tiny):
    """A system prompt and a conversation that goes on: the answers are the same, and only what is new is read."""
    model, tokenizer = tiny
    system = [5 + i % 200 for i in range(40)]
    decoder = Decoder(model, tokenizer, prefix_bytes=10 << 20)
    read, sizes = decoder.read, []
    decoder.read = lambda ids, cache: sizes.append(ids.numel()) or read(ids, cache)

    def answer(prompt: list[int]) -> list[int]:
        decoder.add([Request(prompt, 10, Sampling(2.0), 3, ignore_end=True)], ["x"])
        return run_to_end(decoder)["x"].ids

    def alone(prompt: list[int]) -> list[int]:
        request = Request(prompt, 10, Sampling(2.0), 3, ignore_end=True)
        return last(model, tokenizer, [request], 1)[0].ids

    first = answer([*system, 9, 10])
    assert sizes == [41]
    sizes.clear()
    assert answer([*system, 77, 10]) == alone([*system, 77, 10]) and sizes == [1]  # 77: the last one is the step's
    sizes.clear()
    more = [*system, 9, 10, *first, 30, 31, 32]
    assert answer(more) == alone(more) and sizes == [3]  # the last token of an answer was never seen
    sizes.clear()
    other = [4, *system]
    assert answer(other) == alone(other) and sizes == [40]


def test_kept_prefixes_stay_within_their_bytes():
    kept = PrefixCache(most_bytes=3 * 2 * 4 * 20 * 4 * 4)  # three entries of 20 tokens: 2 layers are 2 x (2, 2, 20, 4)
    kept.most_bytes = 3 * 2 * (2 * 2 * 20 * 4) * 4
    for start in range(5):
        kept.keep([100 * start + i for i in range(20)], [torch.full((2, 2, 20, 4), float(start))] * 2)
    assert len(kept.entries) == 3 and kept.bytes == kept.most_bytes
    assert kept.find(list(range(20)))[0] == 0  # the oldest are gone
    known, kv = kept.find([400 + i for i in range(18)] + [7, 8])
    assert known == 18 and kv[0].unique().item() == 4
    kept.keep([400 + i for i in range(20)] + [1, 2], [torch.zeros(2, 2, 22, 4)] * 2)  # says all that the other said
    assert kept.bytes <= kept.most_bytes and sum(len(t) for t, _ in kept.entries.values()) == 42
    kept.keep(list(range(1000)), [torch.zeros(2, 2, 1000, 4)] * 2)  # larger than everything: not kept
    assert len(kept.entries) == 2


def test_memory_is_given_back_when_nobody_is_left(tiny):
    model, tokenizer = tiny
    decoder = Decoder(model, tokenizer)
    decoder.add([Request([5] * 30, 4, GREEDY, 0)] * 5, range(5))
    decoder.step()
    assert decoder.cache.kv[0].numel() > 0
    run_to_end(decoder)
    assert decoder.cache.kv[0].numel() == 0


# ---- what may come next


def test_penalties_and_bias_by_hand():
    settings = [
        Sampling(0.0, presence_penalty=1.0),
        Sampling(0.0, frequency_penalty=0.5),
        Sampling(0.0, bias=((3, 2.0), (1, -100.0))),
        Sampling(0.0),
    ]
    knobs = Knobs(settings, [[1], [1], [1], [1]], [[2, 2], [2, 2], [], [2]], 5, torch.device("cpu"))
    logits = torch.tensor([[0.0, 3.0, 3.5, 2.0, 1.0]] * 4)
    # 2 was said: 3.5 - 1 < 3; twice: 3.5 - 1 < 3; 3 is 2 + 2; and nothing is taken off what was only asked
    assert knobs.choose(logits, [0.5] * 4).tolist() == [1, 1, 3, 2]
    # now 1 has been said too
    assert knobs.choose(torch.tensor([[0.0, 3.0, 3.0, 2.5, 1.0]] * 4), [0.5] * 4).tolist() == [3, 1, 3, 1]


def test_what_ends_an_answer_and_what_does_not(tiny):
    model, tokenizer = tiny
    end, prompt = tokenizer.end_id, [9]

    def run(said: list[int], **options) -> Completion:
        request = Request(prompt, 6, options.pop("sampling", GREEDY), 0, **options)
        return list(stream(Parrot(tokenizer, said).decoder(model, tokenizer), [request], 1))[-1][2]

    a, b = tokenizer.encode("Gold is")[:2]
    plain = run([a, b])
    assert (plain.ids, plain.finish_reason) == ([a, b, end], "stop")
    assert len(run([a, b], ignore_end=True).ids) == 6 and end not in run([a, b], ignore_end=True).ids
    later = run([a, b], min_new_tokens=5)
    assert end not in later.ids[:5] and len(later.ids) == 6
    stopped = run([a, b], stop_ids=frozenset([b]))
    assert (stopped.ids, stopped.finish_reason, stopped.text) == ([a, b], "stop", tokenizer.decode([a]))
    assert run([a, b], sampling=Sampling(0.0, bias=((a, -1000.0),))).ids[0] != a
