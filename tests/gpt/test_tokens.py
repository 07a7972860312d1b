"""The packed tokens and their batches, against hand-made files."""

import hashlib
import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt.tokens import IGNORE, Batches, TokenFile, Validation, open_tokens, permutation, recased, windows
from pipeline.config import InputError


def write_tokens(folder, ids, **changes):
    path = folder / "train.bin"
    raw = b"".join(int(i).to_bytes(2, "little") for i in ids)
    path.write_bytes(raw)
    about = {
        "tokens": len(ids),
        "documents": 1,
        "text_bytes": 4 * len(ids),
        "bytes_per_token": 4.0,
        "tokenizer_sha256": "aa" * 32,
        "sha256": hashlib.sha256(raw).hexdigest(),
        **changes,
    }
    path.with_suffix(".json").write_text(json.dumps(about))
    return path


@pytest.fixture
def counting(tmp_path):
    """103 tokens, each its own position: 10 windows of 10 an epoch, 3 left over."""
    return TokenFile(write_tokens(tmp_path, range(103)))


def tokenizer(sha256="aa" * 32, vocab_size=300):
    return SimpleNamespace(path="tokenizer.json", sha256=sha256, vocab_size=vocab_size)


def test_recased_text_is_the_same_text_with_whole_sentences_in_other_cases():
    text = "# Peru\n\nPeru is a country. Its capital is Lima.\n\n## Land\n\nThe Andes are high! Are they?"
    drawn = {recased(text, i) for i in range(100)}
    assert len(drawn) > 50 and all(one.lower() == text.lower() for one in drawn)
    sentence = "Its capital is Lima."
    seen = [next(case for case in (sentence, sentence.lower(), sentence.upper()) if case in one) for one in drawn]
    assert {seen.count(case) > len(seen) / 5 for case in (sentence, sentence.lower(), sentence.upper())} == {True}
    assert recased(text, 3) == recased(text, 3)


def test_reads_little_endian_ids_and_the_numbers_beside_them(tmp_path):
    file = TokenFile(write_tokens(tmp_path, [1, 256, 65535]))
    assert file.ids.tolist() == [1, 256, 65535]
    assert (file.tokens, file.documents, file.text_bytes) == (3, 1, 12)
    assert file.sha256 == hashlib.sha256(b"\x01\x00\x00\x01\xff\xff").hexdigest()


def test_refuses_what_is_missing_or_torn(tmp_path):
    with pytest.raises(InputError, match="train.bin.*pack_tokens"):
        TokenFile(tmp_path / "train.bin")
    path = write_tokens(tmp_path, range(10), tokens=11)
    with pytest.raises(InputError, match="20 bytes.*11 tokens"):
        TokenFile(path)
    path.with_suffix(".json").write_text('{"tokens": 10}')
    with pytest.raises(InputError, match="train.json"):
        TokenFile(path)
    path.with_suffix(".json").unlink()
    with pytest.raises(InputError, match="train.json"):
        TokenFile(path)
    with pytest.raises(InputError, match="0 bytes"):
        TokenFile(write_tokens(tmp_path, []))


def test_refuses_another_tokenizer_and_a_model_too_small_in_one_message(tmp_path):
    path = write_tokens(tmp_path, range(10))
    assert open_tokens(path, tokenizer(), 300).tokens == 10
    with pytest.raises(InputError) as error:
        open_tokens(path, tokenizer(sha256="bb" * 32), 256)
    assert "another tokenizer" in str(error.value) and "model.vocab_size is 256" in str(error.value)


def test_an_epoch_draws_every_window_once_from_one_phase(counting):
    batches = Batches(counting, block_size=10, batch_size=5, seed=7)
    assert batches.windows == 10
    for epoch in range(4):
        seen = []
        for step in (2 * epoch, 2 * epoch + 1):
            inputs, targets = batches.batch(step, 0, 5)
            assert inputs.shape == targets.shape == (5, 10) and inputs.dtype == targets.dtype == np.int64
            assert (targets == (inputs + 1) % 103).all()  # the next id, around the end of the ring too
            seen += inputs.flatten().tolist()
        assert len(set(seen)) == 100
        missing = sorted(set(range(103)) - set(seen))
        assert any({(m + i) % 103 for i in range(3)} == set(missing) for m in missing)  # one gap of 3


def test_phases_and_orders_differ_by_epoch_and_by_seed(counting):
    def starts(seed, epoch):
        return tuple(Batches(counting, 10, 10, seed).starts(np.arange(10) + 10 * epoch))

    different = {starts(seed, epoch) for seed in range(3) for epoch in range(5)}
    assert len(different) == 15
    assert len({min(s % 10 for s in starts) for starts in different}) > 3  # cut at new places
    assert all(sorted(starts) != list(starts) for starts in different)


@settings(deadline=None, max_examples=50)
@given(step=st.integers(0, 40), micro_batch_size=st.integers(1, 30))
def test_micro_batch_size_does_not_change_a_step(tmp_path_factory, step, micro_batch_size):
    folder = tmp_path_factory.getbasetemp() / "ring"
    folder.mkdir(exist_ok=True)
    file = TokenFile(write_tokens(folder, range(103)))
    whole = Batches(file, 10, 24, seed=3)  # 24 sequences a step of 10 an epoch: spans three epochs at once
    expected = whole.batch(step, 0, 24)[0]
    fresh = Batches(file, 10, 24, seed=3)  # as after a resume
    parts = [fresh.batch(step, first, micro_batch_size)[0] for first in range(0, 24, micro_batch_size)]
    assert (np.concatenate(parts) == expected).all()


def test_steps_follow_one_another_without_a_gap(counting):
    small, large = Batches(counting, 10, 4, seed=1), Batches(counting, 10, 12, seed=1)
    three = np.concatenate([small.batch(step, 0, 4)[0] for step in (0, 1, 2)])
    assert (three == large.batch(0, 0, 12)[0]).all()
    assert large.epoch(5) == 6.0


def test_a_share_of_the_sequences_is_a_span_told_again_and_again(tmp_path):
    file = TokenFile(write_tokens(tmp_path, range(1000, 2000), vocab_size=900))
    plain, batches = Batches(file, 50, 400, seed=7), Batches(file, 50, 400, seed=7, repeats=0.25)
    (inputs, targets), (as_text, next_text) = batches.batch(3, 0, 400), plain.batch(3, 0, 400)
    other = (inputs != as_text).any(axis=1)
    assert 70 <= other.sum() <= 130  # 100 are expected
    assert (targets[~other] == next_text[~other]).all()
    lengths, of_text = set(), 0
    for row, target in zip(inputs[other], targets[other]):
        length = next(n for n in range(1, 50) if target[n] != IGNORE)
        assert (target[:length] == IGNORE).all()  # what is told for the first time is no target
        assert (target[length:-1] == row[length + 1 :]).all() and target[-1] == row[50 % length]
        assert all(row[i] == row[i % length] for i in range(50))
        lengths.add(length)
        if row[0] >= 1000:  # text
            of_text += 1
            assert all(row[i + 1] == 1000 + (row[i] - 999) % 1000 for i in range(length - 1))
        else:  # no special token, and none that the vocabulary has not
            assert row.min() >= 4 and row.max() < 900 and len(set(row[:8].tolist())) > 4
    assert lengths <= set(range(8, 21)) and len(lengths) > 8
    assert 0.3 < of_text / other.sum() < 0.7


def test_repeats_are_of_the_seed_and_the_number_alone(tmp_path):
    file = TokenFile(write_tokens(tmp_path, range(1000, 2000), vocab_size=900))
    whole = Batches(file, 50, 24, seed=7, repeats=0.5).batch(2, 0, 24)
    fresh = Batches(file, 50, 24, seed=7, repeats=0.5)
    for part in (0, 1):
        parts = [fresh.batch(2, first, 7)[part] for first in range(0, 24, 7)]
        assert (np.concatenate(parts) == whole[part]).all()
    assert (Batches(file, 50, 24, seed=8, repeats=0.5).batch(2, 0, 24)[0] != whole[0]).any()
    for row in range(24):  # one at a time: inputs and targets of a single row share no memory
        inputs, targets = fresh.batch(2, row, 1)
        assert (inputs[0] == whole[0][row]).all() and (targets[0] == whole[1][row]).all()


def test_the_order_is_the_same_on_every_machine():
    """Written down once: a resumed run on another machine must draw the same windows."""
    order, number = permutation(8, [1337, 0])
    assert sorted(order.tolist()) == list(range(8)) and order.dtype == np.uint32
    raw = np.random.PCG64([1337, 0]).random_raw(9).tolist()
    assert order.tolist() == sorted(range(8), key=lambda i: raw[i]) and number == raw[8] // 2
    assert order.tolist() == [5, 1, 6, 7, 4, 0, 2, 3]


def test_too_few_tokens_for_a_window_is_said(tmp_path):
    file = TokenFile(write_tokens(tmp_path, range(10)))
    with pytest.raises(InputError, match="block_size 10"):
        Batches(file, 10, 4, seed=0)
    assert Batches(file, 9, 4, seed=0).windows == 1


@pytest.mark.parametrize(
    "n, block, rows, stride",
    [
        (23, 5, 2, 0),
        (20, 5, 3, 0),
        (3, 5, 2, 0),
        (23, 5, 2, 2),
        (23, 6, 4, 1),
        (5, 5, 1, 3),
        (6, 5, 1, 3),
        (0, 5, 1, 0),
    ],
)
def test_windows_score_every_id_once_with_the_right_context(n, block, rows, stride):
    ids = np.arange(100, 100 + n, dtype="<u2")
    scored, count = [], 0
    for inputs, targets in windows(ids, block, rows, before=2, stride=stride):
        assert inputs.shape == targets.shape and inputs.shape[0] <= rows and inputs.shape[1] == block
        for input_row, target_row in zip(inputs, targets):
            for i, target in enumerate(target_row):
                if target != IGNORE:
                    scored.append(int(target))
                    assert input_row[i] == (target - 1 if target > 100 else 2)
                    context = input_row[: i + 1].tolist()
                    expected = ([2] + ids.tolist())[max(0, target - 100 - i) : target - 100 + 1]
                    assert context == expected
                    assert not stride or count == 0 or i >= block - stride
            count += 1
    assert scored == ids.tolist()
    assert count == (0 if n == 0 else 1 + max(0, -(-(n - block) // (stride or block))))


@pytest.mark.parametrize("sequences, rows", [(3, 2), (4, 4), (99, 4), (99, 64)])
def test_validation_is_the_beginning_of_the_file_whatever_the_rows(counting, sequences, rows):
    """Each id a target once, at most `sequences` windows of 10, batches of one shape."""
    validation = Validation(counting, 10, sequences, before=7)
    expected = list(range(min(103, sequences * 10)))
    scored: list[int] = []
    assert validation.rows(0) == -(-len(expected) // 10)
    for first in range(0, validation.rows(0), rows):
        inputs, targets = validation.batch(0, first, rows)
        assert inputs.shape == targets.shape == (rows, 10)
        places = targets != IGNORE
        scored += targets[places].tolist()
        assert inputs[places].tolist() == [t - 1 if t else 7 for t in targets[places].tolist()]
    assert scored == expected


def test_a_steps_place_in_the_file_is_where_its_windows_begin(counting):
    batches = Batches(counting, block_size=10, batch_size=4, seed=7)
    first = [int(row[0]) for row in batches.batch(3, 0, 4)[0]]
    assert f"batch 3 of {counting.path}" in batches.place(3)
    assert ", ".join(map(str, first)) in batches.place(3)


def test_a_stride_that_would_leave_tokens_out_is_refused():
    with pytest.raises(InputError, match="stride 6"):
        next(windows(np.arange(10), 5, 1, before=2, stride=6))
