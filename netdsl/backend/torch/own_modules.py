"""Modules that PyTorch has no class of its own for, written with its functions.

All take and give (batch, channels, height, width).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional


class Formula(nn.Module):  # type: ignore[misc]
    """A function of tensors as a module."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self._function = function

    def forward(self, *inputs: Any) -> Any:
        return self._function(*inputs)


class MaskedConvolution(nn.Conv2d):  # type: ignore[misc]
    """A convolution in which some filters do not see some channels: ``mask`` holds 1 where they do."""

    def __init__(self, *arguments: Any, mask: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.register_buffer("mask", mask)

    def forward(self, x: Any) -> Any:
        return self._conv_forward(x, self.weight * self.mask, self.bias)


class FullyConnected(nn.Linear):  # type: ignore[misc]
    """A linear layer on the whole volume, channels first."""

    def forward(self, x: Any) -> Any:
        return functional.linear(x.flatten(1), self.weight, self.bias)[:, :, None, None]


class LocallyConnected(nn.Module):  # type: ignore[misc]
    """A convolution whose weights are different at every position.

    ``weight`` (positions, taps*channels, filters), channels fastest; ``bias`` (height, width, filters).
    """

    def __init__(
        self, weight_shape: tuple[int, ...], output: tuple[int, int], kernel: Any, stride: Any, *, bias: bool
    ) -> None:
        super().__init__()
        self._kernel, self._stride, self._output = kernel, stride, output
        self.weight = nn.Parameter(torch.zeros(weight_shape))
        self.bias = nn.Parameter(torch.zeros(*output, weight_shape[2])) if bias else None

    def forward(self, x: Any) -> Any:
        patches = functional.unfold(x, self._kernel, stride=self._stride)
        taps = self._kernel[0] * self._kernel[1]
        patches = patches.view(x.shape[0], x.shape[1], taps, -1).permute(3, 0, 2, 1).flatten(2)
        y = torch.bmm(patches, self.weight).transpose(0, 1).unflatten(1, self._output)
        return (y if self.bias is None else y + self.bias).permute(0, 3, 1, 2)


class Subsampling(nn.Module):  # type: ignore[misc]
    """Sums under a window, times a coefficient, plus a bias, one of each per channel."""

    def __init__(self, channels: int, sums: Any) -> None:
        super().__init__()
        self._sums = sums
        self.coefficient = nn.Parameter(torch.zeros(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Any) -> Any:
        return self._sums(x) * self.coefficient[:, None, None] + self.bias[:, None, None]


class ChannelScale(nn.Module):  # type: ignore[misc]
    """A learned factor for each channel, and a summand if ``shift``."""

    def __init__(self, channels: int, *, shift: bool) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.zeros(channels)) if shift else None

    def forward(self, x: Any) -> Any:
        y = x * self.scale[:, None, None]
        return y if self.shift is None else y + self.shift[:, None, None]


class PositionNorm(nn.LayerNorm):  # type: ignore[misc]
    """Layer normalisation over the channels of each position."""

    def forward(self, x: Any) -> Any:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class BranchLeftOut(nn.Module):  # type: ignore[misc]
    """In training all numbers of an image are 0 at a rate, and those of the others larger for it."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self._keep = 1 - rate

    def forward(self, x: Any) -> Any:
        if not self.training or self._keep == 1:
            return x
        mask = torch.empty(x.shape[0], 1, 1, 1, dtype=x.dtype, device=x.device).bernoulli_(self._keep)
        return x * mask / self._keep


class DividedSums(nn.Module):  # type: ignore[misc]
    """Sums under a window, divided by a number that depends on the position."""

    def __init__(self, sums: Any, counts: Any) -> None:
        super().__init__()
        self._sums = sums
        self.register_buffer("counts", counts)

    def forward(self, x: Any) -> Any:
        return self._sums(x) / self.counts


class ContrastNormalisation(nn.Module):  # type: ignore[misc]
    """Subtractive, then divisive normalisation with a Gaussian over all channels."""

    def __init__(self, gaussian: Any, tiny: float) -> None:
        super().__init__()
        self._half, self._tiny = gaussian.shape[2] // 2, tiny
        self.register_buffer("gaussian", gaussian)

    def forward(self, x: Any) -> Any:
        centred = x - functional.conv2d(x, self.gaussian, padding=self._half)
        contrast = (functional.conv2d(centred**2, self.gaussian, padding=self._half) + self._tiny).sqrt()
        return centred / torch.maximum(contrast, contrast.mean(dim=(1, 2, 3), keepdim=True))


class Nearness(nn.Module):  # type: ignore[misc]
    """Minus the squared distance to fixed points."""

    def __init__(self, centres: Any) -> None:
        super().__init__()
        self.register_buffer("centres", centres)

    def forward(self, x: Any) -> Any:
        # The points are numbered in the order height, width, channels.
        row = x.permute(0, 2, 3, 1).flatten(1)
        return -((row[:, None, :] - self.centres) ** 2).sum(dim=2)[:, :, None, None]


def zeros_around(padding: Any, value: float = 0.0) -> Any:
    """Padding as a module: numbers before, after; negative ones cut off."""
    return nn.ConstantPad2d((padding.left, padding.right, padding.top, padding.bottom), value)
