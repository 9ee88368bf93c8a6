"""The encoder on one frame repeated T times: each frame that differs is computed once. Chapter 05.

    first, T times    f f f f ... f f f f    1 frame,  32 times
    conv1             a m m m ... m m m z    3 frames, 1 + 30 + 1 times: zero padding in time makes the two ends
    conv2             a m m  ...  m m z      3 frames, 1 + 14 + 1 times, from [0 a m m], [m m m m] and [m m z 0]
    conv3             a m m m m m m z        3 frames, 1 + 6 + 1 times
    conv4             a m m z                3 frames, 1 + 2 + 1 times
    conv5             a z                    2 frames, 1 + 1 times; conv6 makes one of them

A clip is held as x (N, C, K, H, W), one frame for each run of equal ones, and times, the lengths of the K runs.
"""

from itertools import groupby

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ssagan_lite.model.attention import BACKENDS, SpatialSelfAttention
from ssagan_lite.model.gates import GATES

Times = tuple[int, ...]
KNOWN = (nn.Conv3d, nn.BatchNorm3d, nn.LeakyReLU, nn.ReLU, SpatialSelfAttention)
PAD = -1  # the frame of zeros: the last one of the list from which `convolve` takes its windows


def encode_repeated(encoder: nn.ModuleDict, first: Tensor) -> list[Tensor]:
    """One frame (N, 3, H, W) -> what each stage makes of its T repeats, a list of (N, C, T', H', W'). Chapter 05.

    Exact in values, gradients and running statistics: equal windows of frames give equal frames, and the sums over
    time in attention and BatchNorm count each frame as often as it stands in the clip. The plain stages run where
    the sums are not known (another norm, gate or attention) or somebody watches a module with a forward hook.
    """
    frames = clip_length(encoder)
    x, times, outputs = first.unsqueeze(2), (frames,), []  # (N, 3, 1, H, W)
    if not can_be_folded(encoder):
        x = expand(x, times)  # (N, 3, T, H, W)
        return [x := stage(x) for stage in encoder.values()]
    for stage in encoder.values():
        x, times = run_stage(stage, x, times)  # (N, 2C, K, H/2, W/2)
        outputs.append(expand(x, times))  # (N, 2C, T/2, H/2, W/2); conv1 keeps T
    return outputs


def clip_length(encoder: nn.ModuleDict) -> int:
    """T, the number of frames of which the encoder leaves exactly one."""
    frames = 1
    for stage in reversed(encoder.values()):
        conv = stage.convolution
        frames = (frames - 1) * conv.stride[0] - 2 * conv.padding[0] + conv.kernel_size[0]
    return frames


def can_be_folded(encoder: nn.ModuleDict) -> bool:
    """Whether each module computes what is folded here, and no forward hook waits for a call."""
    known = all(does_as_known(module) for stage in encoder.values() for module in stage)
    return known and not any(module._forward_hooks or module._forward_pre_hooks for module in encoder.modules())


def does_as_known(module: nn.Module) -> bool:
    """Whether its forward and its gate are those that this file knows; a block of one's own may look at all frames."""
    gate = getattr(module, "gate", None)
    return type(module).forward in {kind.forward for kind in KNOWN} and (gate is None or type(gate) in GATES.values())


def expand(x: Tensor, times: Times) -> Tensor:
    """Repeat each frame as often as it stands in the clip: (N, C, K, H, W) -> (N, C, T, H, W), T the sum of times."""
    # Views and one cat: the backward pass sums in a fixed order, which an index's does not on every device.
    runs = [frame.expand(-1, -1, time, -1, -1) for frame, time in zip(x.split(1, dim=2), times, strict=True)]
    return torch.cat(runs, dim=2)  # (N, C, T, H, W)


def run_stage(stage: nn.Sequential, x: Tensor, times: Times) -> tuple[Tensor, Times]:
    """A row of Table 1 on runs of equal frames: (N, C, K, H, W) and K times -> (N, 2C, K', H/2, W/2) and K' times."""
    for module in stage:
        if isinstance(module, nn.Conv3d):
            x, times = convolve(module, x, times)  # (N, 2C, K', H/2, W/2)
        elif isinstance(module, nn.BatchNorm3d):
            x = weighted_batch_norm(module, x, times)
        elif isinstance(module, SpatialSelfAttention):
            x = attend(module, x, times)
        else:
            x = module(x)  # an activation knows nothing of time
    return x, times


def windows(times: Times, kernel: int, stride: int, padding: int) -> tuple[list[tuple[int, ...]], Times]:
    """The runs of equal windows that a kernel meets on its way through time: each window, and how often it comes."""
    runs = [run for run, time in enumerate(times) for _ in range(time)]  # frame -> its run
    padded = [PAD] * padding + runs + [PAD] * padding
    starts = range(0, len(padded) - kernel + 1, stride)
    met = [(window, len(list(equal))) for window, equal in groupby(tuple(padded[s : s + kernel]) for s in starts)]
    return [window for window, _ in met], tuple(time for _, time in met)


def convolve(conv: nn.Conv3d, x: Tensor, times: Times) -> tuple[Tensor, Times]:
    """Lay the K' differing windows side by side and step from one to the next: (N, C, K, ...) -> (N, 2C, K', ...)."""
    kernel = conv.kernel_size[0]
    differing, new_times = windows(times, kernel, conv.stride[0], conv.padding[0])
    frames = [*x.unbind(dim=2), torch.zeros_like(x[:, :, 0])]  # the last is PAD
    x = torch.stack([frames[run] for window in differing for run in window], dim=2)  # (N, C, K' * kernel, H, W)
    # conv.weight is read once: with spectral normalisation each reading in training is a step of its power iteration.
    stride, padding = (kernel, *conv.stride[1:]), (0, *conv.padding[1:])
    return F.conv3d(x, conv.weight, conv.bias, stride, padding), new_times  # (N, 2C, K', H/2, W/2)


def weighted_batch_norm(norm: nn.BatchNorm3d, x: Tensor, times: Times) -> Tensor:
    """BatchNorm with each frame counted as often as it stands in the clip: (N, C, K, H, W) -> the same shape."""
    if not norm.training:
        return norm(x)
    wide = x.to(torch.promote_types(x.dtype, torch.float32))  # half floats are too short for sums
    share = wide.new_tensor(times).div(sum(times)).view(-1, 1, 1)  # (K, 1, 1)
    count = x[:, 0, 0].numel() * sum(times)  # N * T * H * W
    mean = (wide.mean(dim=(0, 3, 4), keepdim=True) * share).sum(dim=2, keepdim=True)  # (1, C, 1, 1, 1)
    centred = wide - mean
    variance = (centred.square().mean(dim=(0, 3, 4), keepdim=True) * share).sum(dim=2, keepdim=True)  # (1, C, 1, 1, 1)
    with torch.no_grad():  # Bessel's correction is for the running variance alone, as in nn.BatchNorm3d
        norm.running_mean.lerp_(mean.flatten().to(norm.running_mean), norm.momentum)
        norm.running_var.lerp_(variance.flatten().to(norm.running_var) * count / (count - 1), norm.momentum)
        norm.num_batches_tracked += 1
    scale = norm.weight.view(-1, 1, 1, 1) * (variance + norm.eps).rsqrt()  # (1, C, 1, 1, 1)
    return (centred * scale + norm.bias.view(-1, 1, 1, 1)).to(x.dtype)


def attend(attention: SpatialSelfAttention, x: Tensor, times: Times) -> Tensor:
    """Attention whose logits sum over T frames, computed from the K that differ: (N, C, K, H, W) -> the same shape."""
    k, h, w = x.shape[2:]
    weights = x.new_tensor(times).view(-1, 1, 1)  # (K, 1, 1)
    # A frame that stands there m times adds m q.k to the logits; the weight goes to the query, where it is exact.
    parts = (attention.query(x) * weights, attention.key(x), attention.value(x))
    query, key, value = (attention._fold(part) for part in parts)  # (N, HW, C'K) twice, (N, HW, CK)
    attended = BACKENDS[attention.backend](query, key, value)  # (N, HW, CK)
    attended = attended.transpose(1, 2).unflatten(1, (-1, k)).unflatten(3, (h, w))  # (N, C, K, H, W)
    if hasattr(attention.gate, "norm"):  # the gates of ZeroInitNormGate's kind
        return weighted_batch_norm(attention.gate.norm, attention.gate.project(attended), times) + x
    return attention.gate(attended, x)
