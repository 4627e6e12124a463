"""The layers of a network by the names that people write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from netdsl.graph.names.unique_names import label_key


class NamedLayers:
    """Finds layers by name; a file may name thousands."""

    def __init__(self, written: Sequence[str], wanted: Iterable[str]) -> None:
        """``written`` are the names of all layers in order, ``wanted`` those that will be asked for."""
        self.written = written
        self._positions: dict[str, int] = {}
        for position, name in enumerate(written):
            self._positions.setdefault(label_key(name), position)
        keys = {label_key(name) for name in wanted}
        self._endings: dict[str, list[int]] = {key.upper(): [] for key in keys if key not in self._positions}

    @cached_property
    def _ending(self) -> dict[str, list[int]]:
        """The first two layers whose names end so behind an underscore: MAX_POOL2 for ``POOL2``."""
        for position, name in enumerate(map(label_key, self.written)):
            cut = name.find("_")
            while cut >= 0:
                positions = self._endings.get(name[cut + 1 :])
                if positions is not None and len(positions) < 2:
                    positions.append(position)
                cut = name.find("_", cut + 1)
        return self._endings

    def position(self, name: str) -> int | None:
        """The position of a layer by its name; ``POOL2`` is also a MAX POOL2 where that is the only one."""
        key = label_key(name)
        if key in self._positions:
            return self._positions[key]
        ending = self._ending[key.upper()]
        return ending[0] if len(ending) == 1 else None
