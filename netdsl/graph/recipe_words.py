"""The words of a recipe, and the limits of its numbers."""

from __future__ import annotations

LOSSES = ("cross-entropy", "l2", "hinge", "perceptron")
INITS = ("he", "glorot")
OPTIMIZERS = {
    "sgd": ("rate", "momentum", "decay"),
    "nesterov": ("rate", "momentum", "decay"),
    "adam": ("rate", "decay", "beta1", "beta2", "epsilon"),
    "adamw": ("rate", "decay", "beta1", "beta2", "epsilon"),
    "rmsprop": ("rate", "momentum", "decay", "rho", "epsilon"),
    "adagrad": ("rate", "decay", "epsilon"),
    "perceptron": ("rate",),
}
"""The numbers that each rule takes."""

LIMITS = {
    "rate": (0.0, 1e6, True),
    "momentum": (0.0, 0.999999, False),
    "decay": (0.0, 1e6, False),
    "beta1": (0.0, 0.999999, False),
    "beta2": (0.0, 0.9999999, False),
    "rho": (0.0, 0.999999, False),
    "epsilon": (0.0, 1.0, True),
}
"""Of each number: the lowest, the highest, and whether it lies above the lowest."""

AMOUNTS: dict[str, tuple[float, float] | None] = {
    "flip": None,
    "crop": (1, 4096),
    "rotate": (0, 180),
    "color": (0, 1),
    "distort": (0, 1),
}
"""The amounts that augmentations take: pixels, degrees, or a share of what is usual."""

SEARCHED = ("rate", "momentum", "decay", "batch", "epochs")
WHOLE = ("batch", "epochs")
