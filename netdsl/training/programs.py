"""The programs of a network, by purpose and batch size, and the memory that they will need."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, TypeAlias

from netdsl.data.available_memory import require_memory
from netdsl.planning.plan import Plan
from netdsl.program.kept_tensors import least_bytes
from netdsl.program.learning import learning_of
from netdsl.program.lower import inference_program, training_program
from netdsl.program.program import NO_VARIANTS, Numerics
from netdsl.recipe.recipe import Recipe

if TYPE_CHECKING:
    from netdsl.backend.session import Backend, Prepared
    from netdsl.program.program import Program, Stored

Purpose: TypeAlias = tuple[str, int]
"""What a program is for: "train" or "infer", and the images of a step."""


class Programs:
    """What a network and a recipe have a backend compute: written when it is asked for, then kept.

    ``variants`` are those of Numerics. Nothing here has arrays: the memory of all is known beforehand.
    """

    def __init__(
        self,
        plan: Plan,
        recipe: Recipe,
        backend: Backend,
        threads: int,
        variants: Mapping[str, str] = NO_VARIANTS,
    ) -> None:
        self.plan = plan
        self.recipe = recipe
        self.variants = variants
        self._backend = backend
        self._threads = threads
        self._programs: dict[Purpose, Program] = {}
        self._prepared: dict[Purpose, Prepared] = {}
        self._bytes: dict[Purpose, int] = {}

    def in_variants(self, variants: Mapping[str, str]) -> Programs:
        """The same with operations in these variants."""
        return Programs(self.plan, self.recipe, self._backend, self._threads, variants)

    @property
    def problem(self) -> str:
        """Why the backend could not keep compiled code; empty where it could."""
        return self._backend.problem

    def program(self, purpose: str, batch: int) -> Program:
        """What a purpose, "train" or "infer", computes."""
        key = (purpose, batch)
        if key not in self._programs:
            plan, recipe = self.plan, self.recipe
            if purpose == "train":
                program = training_program(
                    plan,
                    batch,
                    loss=recipe.loss,
                    optimizer=recipe.optimizer,
                    learning=learning_of(plan, recipe),
                    numerics=Numerics(recipe.exact, recipe.precision, self.variants),
                )
            else:  # in 32-bit floats whatever training is in
                numerics = Numerics(recipe.exact, variants=self.variants)
                program = inference_program(plan, batch, loss=recipe.loss, numerics=numerics)
            self._programs[key] = program
        return self._programs[key]

    def stored(self, purpose: str, batch: int) -> tuple[Stored, ...]:
        """The arrays that the program of a purpose keeps between steps."""
        return self.program(purpose, batch).stored

    def prepared(self, key: Purpose) -> Prepared:
        """The program of a purpose, laid out."""
        if key not in self._prepared:
            self._prepared[key] = self._backend.prepare(self.program(*key), self._threads)
        return self._prepared[key]

    def taken(self, key: Purpose) -> Prepared:
        """The same, for whoever binds it: it is kept no longer."""
        prepared = self.prepared(key)
        del self._prepared[key]
        return prepared

    def bytes_of(self, key: Purpose) -> int | None:
        """What a session of a purpose needs; None as long as nobody has asked for ``needed_bytes``."""
        return self._bytes.get(key)

    def needed_bytes(self, steps: Mapping[Purpose, int], bound: Collection[Purpose] = ()) -> int:
        """Memory that sessions of some purposes, with the number of their steps, will allocate.

        Nothing is allocated for the answer, and all of them are kept: so it is their sum. Those that are
        ``bound`` have theirs.
        """
        new = [purpose for purpose in steps if purpose not in bound]
        for purpose in new:
            self._bytes[purpose] = self.prepared(purpose).needed_bytes(
                repeated=steps[purpose] > 1,
                changes=bool(self.recipe.augment) and purpose[0] == "train",
            )
        return sum(self._bytes[purpose] for purpose in new)

    def require_memory(
        self,
        steps: Mapping[Purpose, int],
        what: str,
        *,
        beside_bytes: int = 0,
        bound: Collection[Purpose] = (),
    ) -> None:
        """Raise Diagnosed (ND511) where ``steps``, and ``beside_bytes`` of arrays, do not fit."""
        name = self.plan.network.source.name
        cure = "use a smaller --batch, a smaller network or a larger machine"
        # First what is known at once: laying out a step takes the longer the more images it has.
        least = sum(least_bytes(self.program(*key)) for key in steps if key not in bound)
        require_memory(least + beside_bytes, name, f"{what}, without all else that a step computes,", cure)
        require_memory(self.needed_bytes(steps, bound) + beside_bytes, name, what, cure)
