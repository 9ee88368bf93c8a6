"""Graders of chapter 03: solutions pass, and usual mistakes get words of their own."""

import tracemalloc
from itertools import chain

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from graders import told
from ssagan_lite.teach.check import ch03


def fold(x):
    N, C, T, H, W = x.shape
    return x.permute(0, 3, 4, 1, 2).reshape(N, H * W, C * T)


def cut(x, *axes):
    N, C, T, H, W = x.shape
    return x.permute(0, *axes).reshape(N, H * W, C * T)


@pytest.mark.parametrize("solution", [fold, lambda x: x.flatten(3).flatten(1, 2).mT, lambda x: fold(x).numpy()])
def test_fold(solution, capsys):
    told(capsys, ch03.fold, solution, passed=True)


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (lambda x: cut(x, 1, 2, 3, 4), "a row mixes places"),
        (lambda x: x.flatten(3).flatten(1, 2).reshape(fold(x).shape), "a row mixes places"),
        (lambda x: cut(x, 3, 4, 2, 1), "time by time"),
        (lambda x: cut(x, 4, 3, 1, 2), "w*H + h"),
        (lambda x: cut(x, 4, 3, 2, 1), "both orders"),
        (lambda x: fold(x).mT, "the shape should be (2, 10, 12), and is (2, 12, 10)"),
        (lambda x: fold(x) + 1, "at index (0, 0, 0)"),
        (lambda x: "rows", "not str"),
    ],
)
def test_fold_mistakes(mistake, words, capsys):
    assert words in told(capsys, ch03.fold, mistake)


def bill(N, C, reduced, T, H, W):
    pairs = N * (H * W) ** 2
    return 4 * pairs, pairs * reduced * T + pairs * C * T


def test_bill(capsys):
    told(capsys, ch03.bill, bill, passed=True)
    told(capsys, ch03.bill, lambda *sizes: [np.int64(value) for value in bill(*sizes)], passed=True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m, w, N, C, K, T, P: (m // N, w), "map: there is one map for each clip"),
        (lambda m, w, N, C, K, T, P: (m // 4, w), "takes 4 bytes"),
        (lambda m, w, N, C, K, T, P: (P**2, w), "and 4 bytes a number"),
        (lambda m, w, N, C, K, T, P: (m * T**2, w), "time is no place"),
        (lambda m, w, N, C, K, T, P: (m * T, w), "all frames share one"),
        (lambda m, w, N, C, K, T, P: (4 * N * P, w), "HW times HW"),
        (lambda m, w, N, C, K, T, P: (m, N * P**2 * K * T), "the first product alone"),
        (lambda m, w, N, C, K, T, P: (m, N * P**2 * C * T), "the second product alone"),
        (lambda m, w, N, C, K, T, P: (m, 2 * N * P**2 * C * T), "Q and K have C' channels"),
        (lambda m, w, N, C, K, T, P: (m, 2 * N * P**2 * K * T), "V has C channels"),
        (lambda m, w, N, C, K, T, P: (m, w // T), "time was left out"),
        (lambda m, w, N, C, K, T, P: (m, w // N), "N clips in the batch"),
        (lambda m, w, N, C, K, T, P: (m, 2 * w), "count as one"),
        (lambda m, w, N, C, K, T, P: (m, w * T), "not T HW"),
        (lambda m, w, N, C, K, T, P: (m, w + 1), "multiply-adds: 203,280 are expected for N = 5, C = 9, C' = 3"),
        (lambda m, w, N, C, K, T, P: (m / 1, w), "without a decimal point"),
        (lambda m, w, N, C, K, T, P: (m, "many"), "not str"),
        (lambda m, w, N, C, K, T, P: m, "two numbers"),
    ],
)
def test_bill_mistakes(change, words, capsys):
    def wrong(N, C, reduced, T, H, W):
        return change(*bill(N, C, reduced, T, H, W), N, C, reduced, T, H * W)

    assert words in told(capsys, ch03.bill, wrong)


@np.errstate(over="ignore", invalid="ignore")
def mix(stream, begin=-np.inf, shrink_sum=True, shrink_mix=True, safe=True):
    """A solution of `ch03.mix`, or with the keywords a usual mistake."""
    largest, total, mixed = begin, 0.0, 0.0
    for logits, values in stream:
        new = max(largest, logits.max()) if safe else 0.0
        shrink, weights = np.exp(largest - new) if safe else 1.0, np.exp(logits - new)
        total = total * (shrink if shrink_sum else 1) + weights.sum()
        mixed = mixed * (shrink if shrink_mix else 1) + weights @ values
        largest = new
    return mixed / total


def at_once(stream, weigh=lambda logits: np.exp(logits - logits.max())):
    logits, values = (np.concatenate(part) for part in zip(*stream, strict=True))
    weights = weigh(logits)
    return weights @ values / weights.sum()


def peeking(stream):
    logits, values = next(stream)
    largest, weights = logits.max(), np.exp(logits - logits.max())
    total, mixed = weights.sum(), weights @ values
    for more, others in stream:
        new = max(largest, more.max())
        shrink, weights = np.exp(largest - new), np.exp(more - new)
        total, mixed, largest = total * shrink + weights.sum(), mixed * shrink + weights @ others, new
    return mixed / total


def chained(stream):
    first = next(stream)
    return mix(chain([first], stream))


def appended(stream):
    logits, values = next(stream)
    logits, values = logits.copy(), values.copy()
    for more, others in stream:
        logits, values = np.append(logits, more), np.append(values, others, axis=0)
    return at_once([(logits, values)])


def listed(stream):
    logits, values = [], []
    for more, others in stream:
        logits += more.tolist()
        values += others.tolist()
    return at_once([(np.array(logits), np.array(values))])


def chunk_means(stream):
    return np.mean([at_once([chunk]) for chunk in stream], axis=0)


def last(stream):
    for chunk in stream:
        answer = at_once([chunk])
    return answer


def test_mix(capsys):
    told(capsys, ch03.mix, mix, passed=True)
    told(capsys, ch03.mix, lambda stream: torch.tensor(mix(stream)), passed=True)
    told(capsys, ch03.mix, lambda stream: torch.tensor(mix(stream), requires_grad=True), passed=True)


@pytest.mark.parametrize("solution", [peeking, chained])
def test_who_peeks_at_the_first_chunk_keeps_no_stream(solution, capsys):
    told(capsys, ch03.mix, solution, passed=True)
    assert not tracemalloc.is_tracing()


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (at_once, "you kept the stream: 5 chunks"),
        (appended, "you copied the stream"),
        (listed, "you copied the stream"),
        (chunk_means, "softmax each chunk"),
        (last, "only the last chunk"),
        (lambda stream: at_once([next(stream)]), "only the first chunk"),
        (lambda stream: mix(stream, shrink_sum=False, shrink_mix=False), "sum and mix alike"),
        (lambda stream: mix(stream, shrink_mix=False), "the mix does not"),
        (lambda stream: mix(stream, shrink_sum=False), "the sum does not"),
        (lambda stream: at_once(stream, np.ones_like), "plain mean"),
        (lambda stream: mix(stream, begin=0.0), "let the largest logit begin at -inf"),
        (lambda stream: mix(stream, safe=False), "before exp"),
        (lambda stream: mix(stream) + 1, "at index 0"),
        (lambda stream: mix(stream)[:1], "the shape should be (3,)"),
    ],
)
def test_mix_mistakes(mistake, words, capsys):
    assert words in told(capsys, ch03.mix, mistake)


def attend(query, key, value, factor=None):
    factor = query.shape[-1] ** 0.5 if factor is None else factor
    return F.scaled_dot_product_attention(query * factor, key, value)


def by_name(query, key, value):
    return F.scaled_dot_product_attention(query=query * query.shape[-1] ** 0.5, key=key, value=value)


def test_plain_attention(capsys):
    told(capsys, ch03.plain_attention, attend, passed=True)
    told(capsys, ch03.plain_attention, by_name, passed=True)


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (F.scaled_dot_product_attention, "softer than Eq. 1"),
        (lambda q, k, v: attend(q, k, v, q.shape[-1] ** -0.5), "the other way"),
        (lambda q, k, v: attend(q, k, v, q.shape[-1]), "too large"),
        (lambda q, k, v: attend(q, k, v, 4), "D = 16 only"),
        (lambda q, k, v: attend(k, q, v), "changed places"),
        (lambda q, k, v: attend(q, k, v, v.shape[-1] ** 0.5), "value has rows of its own length"),
        (lambda *p: F.scaled_dot_product_attention(*p, scale=1.0), "three tensors and nothing else"),
        (lambda q, k, v: attend(q, k, v)[0], "the shape should be (2, 12, 19)"),
    ],
)
def test_plain_attention_mistakes(mistake, words, capsys):
    assert words in told(capsys, ch03.plain_attention, mistake)
