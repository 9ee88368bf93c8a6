"""Eq. 1-3: the back ends agree, and attention has the properties that the book claims of it."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from ssagan_lite.errors import InputError
from ssagan_lite.model.attention import BACKENDS, SpatialSelfAttention, attention_map, explicit_attention

EXACT = [name for name in BACKENDS if name != "explicit"]


def projections(n: int = 2, places: int = 40, features: int = 24, dtype=torch.float64, spread: float = 0.5):
    generator = torch.Generator().manual_seed(0)
    parts = [torch.randn(n, places, features, generator=generator, dtype=torch.float64) * spread for _ in range(3)]
    return [part.to(dtype).requires_grad_() for part in parts]


def value_and_gradients(form, parts, weight):
    value = form(*parts)
    gradients = torch.autograd.grad((value * weight).sum(), parts)
    return [value.detach(), *gradients]


def opened(module: SpatialSelfAttention, gamma: float = 0.7) -> SpatialSelfAttention:
    with torch.no_grad():
        module.gamma.fill_(gamma)
    return module


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize("places", [1, 7, 40, 1100])
@pytest.mark.paper("Eq. 2")
def test_backends_equal_the_explicit_form_in_float64(backend, places):
    parts = projections(places=places)
    weight = torch.randn_like(parts[2])
    expected = value_and_gradients(explicit_attention, parts, weight)
    found = value_and_gradients(BACKENDS[backend], parts, weight)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize("spread", [0.05, 0.3, 1.0])
def test_backends_are_as_precise_as_the_explicit_form_in_float32(backend, spread):
    reference = projections(places=256, features=1024, spread=spread)
    weight = torch.randn_like(reference[2])
    exact = value_and_gradients(explicit_attention, reference, weight)
    single = [part.detach().float().requires_grad_() for part in reference]
    plain = value_and_gradients(explicit_attention, single, weight.float())
    found = value_and_gradients(BACKENDS[backend], single, weight.float())
    for ours, theirs, truth in zip(found, plain, exact, strict=True):
        allowed = 4 * (theirs.double() - truth).abs().max()
        assert (ours.double() - truth).abs().max() <= allowed


class LargestTensor(TorchDispatchMode):
    """Remembers the largest number of elements that any operation returned."""

    def __init__(self):
        super().__init__()
        self.elements = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for part in result if isinstance(result, tuple | list) else (result,):
            if isinstance(part, torch.Tensor):
                self.elements = max(self.elements, part.numel())
        return result


@pytest.mark.parametrize("places", [64, 256, 1024])
def test_chunked_never_holds_a_map_forward_or_backward(places):
    parts = projections(n=1, places=places, features=4)
    sizes = {}
    for name in ("explicit", "chunked"):
        with LargestTensor() as largest:
            BACKENDS[name](*parts).sum().backward()
        sizes[name] = largest.elements
    assert sizes["explicit"] == places**2
    assert sizes["chunked"] <= max(places**2 // 8, places * 8)


@pytest.mark.paper("Eq. 1")
def test_the_map_is_a_softmax_of_plain_products_in_numpy():
    query, key, value = (part.detach().numpy() for part in projections(n=1))
    logits = query[0] @ key[0].T
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    parts = [torch.from_numpy(part) for part in (query, key, value)]
    np.testing.assert_allclose(attention_map(*parts[:2])[0], weights, rtol=1e-12)
    np.testing.assert_allclose(explicit_attention(*parts)[0], weights @ value[0], rtol=1e-12)


@pytest.mark.paper("Eq. 1")
def test_the_papers_column_softmax_is_the_row_softmax_with_query_and_key_exchanged():
    query, key, _ = projections(n=1)
    columns = (query @ key.transpose(1, 2)).softmax(dim=1)
    torch.testing.assert_close(columns.transpose(1, 2), attention_map(key, query))


@settings(max_examples=20, deadline=None)
@given(
    st.integers(1, 3), st.integers(1, 4), st.integers(1, 3), st.integers(1, 5), st.integers(1, 5), st.integers(0, 99)
)
@pytest.mark.paper("Eq. 1", "Eq. 2")
def test_rows_sum_to_one_and_shapes_are_kept(n, channels, t, h, w, seed):
    torch.manual_seed(seed)
    module = opened(SpatialSelfAttention(channels))
    x = torch.randn(n, channels, t, h, w)
    y, attention = module(x, return_attention=True)
    assert y.shape == x.shape
    assert attention.shape == (n, h * w, h * w)
    assert (attention >= 0).all()
    torch.testing.assert_close(attention.sum(dim=-1), torch.ones(n, h * w))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.paper("Eq. 3")
def test_gamma_zero_is_the_identity(backend):
    x = torch.randn(2, 8, 4, 6, 5)
    module = SpatialSelfAttention(8, backend=backend)
    assert module.gamma.shape == (1,)
    assert module.gamma.item() == 0
    assert torch.equal(module(x), x)


@pytest.mark.paper("Eq. 3")
def test_at_the_start_only_gamma_and_nothing_else_gets_a_gradient():
    module = SpatialSelfAttention(8)
    module(torch.randn(2, 8, 4, 6, 5)).square().sum().backward()
    assert module.gamma.grad.abs() > 0
    for projection in (module.query, module.key, module.value):
        assert projection.weight.grad.abs().max() == 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_permuting_the_places_permutes_the_result(backend):
    torch.manual_seed(1)
    module = opened(SpatialSelfAttention(4, backend=backend)).double()
    x = torch.randn(1, 4, 3, 6, 5, dtype=torch.float64)
    order = torch.randperm(30)

    def permute(clip):
        return clip.flatten(3)[..., order].unflatten(3, (6, 5))

    torch.testing.assert_close(module(permute(x)), permute(module(x)))


@pytest.mark.paper("Fig. 2")
def test_all_frames_share_one_map():
    torch.manual_seed(2)
    module = opened(SpatialSelfAttention(4), gamma=1.0)
    x = torch.randn(1, 4, 3, 5, 5)
    y, attention = module(x, return_attention=True)
    value = module.value(x)
    for t in range(3):
        frame = value[0, :, t].flatten(1) @ attention[0].T
        torch.testing.assert_close((y - x)[0, :, t].flatten(1), frame, rtol=1e-4, atol=1e-5)


@pytest.mark.paper("Fig. 2", "Channels of query and key")
def test_projections_are_1x1x1_with_bias_and_the_paper_reduces_nothing():
    module = SpatialSelfAttention(64)
    for projection in (module.query, module.key, module.value):
        assert projection.weight.shape == (64, 64, 1, 1, 1)
        assert projection.bias.shape == (64,)
    reduced = SpatialSelfAttention(64, reduction=8)
    assert reduced.query.weight.shape == reduced.key.weight.shape == (8, 64, 1, 1, 1)
    assert reduced.value.weight.shape == (64, 64, 1, 1, 1)
    x = torch.randn(1, 64, 2, 3, 3)
    assert opened(reduced)(x).shape == x.shape


def test_logits_are_not_scaled():
    module = opened(SpatialSelfAttention(2), gamma=1.0).double()
    with torch.no_grad():
        for projection in (module.query, module.key, module.value):
            projection.weight.copy_(torch.eye(2)[..., None, None, None])
            projection.bias.zero_()
    x = torch.randn(1, 2, 3, 2, 2, dtype=torch.float64)
    features = x.flatten(3).flatten(1, 2)[0].T
    _, attention = module(x, return_attention=True)
    torch.testing.assert_close(attention[0], (features @ features.T).softmax(dim=-1))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"channels": 8, "backend": "flash"}, "flash"),
        ({"channels": 8, "gate": "open"}, "open"),
        ({"channels": 8, "reduction": 3}, "3"),
        ({"channels": 4, "reduction": 8}, "8"),
    ],
)
def test_what_cannot_be_built_is_named(arguments, named):
    with pytest.raises(InputError, match=named):
        SpatialSelfAttention(**arguments)
