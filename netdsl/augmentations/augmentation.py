"""The contract of an augmentation."""

from __future__ import annotations

from netdsl.recipe.component import Component


class Augmentation(Component):
    """A random change of the pictures of a training step."""
