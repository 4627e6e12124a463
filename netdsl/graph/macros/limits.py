"""Counts the layers of a file before anything is expanded.

So a file of a few characters cannot ask for more memory, or time, than LAYER_LIMIT layers take.
"""

from __future__ import annotations

from netdsl.diagnostics import Findings
from netdsl.graph.expanded_layers import Element, GroupEntry, JoinEntry, LayerEntry
from netdsl.graph.expressions.environment import Environment
from netdsl.graph.macros.scopes import Scopes, awaited, unknown_yet

LAYER_LIMIT = 100_000
"""Layers of a network after expansion."""

CALL_LIMIT = 10_000
"""Uses of blocks in a text, those inside blocks counted for every use of theirs; repetition aside."""

DEPTH_LIMIT = 64
"""Brackets and blocks inside one another, after expansion."""


class _UnboundedError(Exception):
    """There is too much to expand; reported already."""


def is_bounded(elements: list[Element], scopes: Scopes, findings: Findings) -> bool:
    """Whether the elements keep the limits; what exceeds one is reported."""
    counter = _Counter(scopes, findings)
    try:
        for element in elements:
            counter.count(element, scopes.environment, 1, 1)
    except _UnboundedError:
        return False
    finally:
        findings.use = None
    return True


class _Counter:
    """The layers and uses of blocks so far."""

    def __init__(self, scopes: Scopes, findings: Findings) -> None:
        self._scopes = scopes
        self._findings = findings
        self._layers = 0
        self._calls = 0

    def count(
        self, element: Element, environment: Environment, times: int, depth: int, wheres: int = 0
    ) -> None:
        """Add the layers of an element. Each visit adds at least one or ends in one that does, so
        the limit bounds the work too; the depth of this recursion is limited.

        Layers count once for each of the ``wheres`` around them that deals to them, and a bracket
        around nothing but a bracket counts as a layer.
        """
        inner: list[Element]
        if depth > DEPTH_LIMIT:
            self._too_deep(element)
        if isinstance(element, LayerEntry) and element.call is None and not environment.hands_over:
            self._add(element, times * max(1, wheres))
            return
        if isinstance(element, GroupEntry):
            inner = element.elements
            times *= self._scopes.repetitions(element.written.times, environment)
            wheres += element.written.where is not None
            if len(inner) == 1 and isinstance(inner[0], GroupEntry):
                self._add(element, times)
        elif isinstance(element, JoinEntry):
            inner = [one for branch in element.branches for one in branch.elements]
            times *= self._scopes.repetitions(element.written.times, environment)
            self._add(element, times)
        else:
            meant = self._scopes.meaning_of(element, environment)
            call = meant.call if meant is not None else None
            block = self._scopes.block_of(call.written) if call is not None else None
            if meant is not None:
                times *= self._scopes.repetitions(meant.written.times, environment)
            if meant is None or call is None or block is None:
                self._add(element, times * max(1, wheres))
                return
            self._calls += 1
            if self._calls > CALL_LIMIT:
                self._too_many_calls(element)
            inner = block.elements
            bound = self._scopes.bound(block, call, meant.outer, unknown_yet, awaited)
            if bound is None:
                self._add(element, times)
                return
            environment = bound
            outer = self._findings.use
            self._findings.use = self._scopes.use(call.written, outer)
            self._count_all(element, inner, environment, times, depth, wheres)
            self._findings.use = outer
            return
        self._count_all(element, inner, environment, times, depth, wheres)

    def _count_all(
        self,
        element: Element,
        inner: list[Element],
        environment: Environment,
        times: int,
        depth: int,
        wheres: int,
    ) -> None:
        before = self._layers
        for one in inner if times else ():
            self.count(one, environment, times, depth + 1, wheres)
        if self._layers == before and times:
            self._add(element, times)  # nothing, so many times, takes its time too

    def _add(self, element: Element, layers: int) -> None:
        self._layers += layers
        if self._layers > LAYER_LIMIT:
            shown = f"{self._layers:,}" if self._layers < 10**15 else "10^15"
            self._findings.add(
                "ND211",
                f"the network has more than {LAYER_LIMIT:,} layers",
                element.span,
                f"at least {shown} up to here",
                help=("repeat less: the counts of nested groups multiply",),
            )
            raise _UnboundedError

    def _too_many_calls(self, element: Element) -> None:
        self._findings.add(
            "ND211",
            f"blocks are used more than {CALL_LIMIT:,} times",
            element.span,
            help=("repeat a block instead: `BASIC(64)*3`",),
        )
        raise _UnboundedError

    def _too_deep(self, element: Element) -> None:
        self._findings.add(
            "ND104",
            f"brackets and blocks are nested more than {DEPTH_LIMIT} deep",
            element.span,
            help=("chain blocks instead of nesting them",),
        )
        raise _UnboundedError
