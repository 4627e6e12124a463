"""What ``compile --emit`` prints is what runs: executed by itself, it gives the same bits."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from building import filled_store, planned
from layer_cases import network_of

from netdsl.backend import backend
from netdsl.backend.numba.target import host
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.program.lower import training_program


@pytest.mark.slow
def test_emitted_module_computes_the_step() -> None:
    from netdsl.backend.numba.tools.dump import module_text

    program = training_program(
        planned(*network_of("conv-pad")), 4, loss=losses()["cross-entropy"], optimizer=Sgd(decay=0.01)
    )
    store = filled_store(program, seed=1)
    session = backend("numba").bind(program, store, 1)
    generator = np.random.default_rng(2)
    session.inputs["x"][...] = generator.normal(size=session.inputs["x"].shape)
    session.inputs["target"][...] = np.eye(4)
    session.inputs["rate"][...] = 0.1
    own_store = {name: array.copy() for name, array in store.items()}
    session.run()

    text = module_text(program, "a \"name\"\nwith '''tricks\\", host().target)
    module: dict[str, object] = {"__name__": "emitted"}
    exec(compile(text, "<emitted>", "exec"), module)
    floats = module["SCRATCH_FLOATS"]
    arena = np.zeros(module["ARENA_BYTES"] // 4 + 16, np.float32)
    scratch = np.zeros(max(1, floats), np.float32)

    def call(kernel, items, arguments) -> None:
        numbers = [
            struct.unpack("<i", struct.pack("<f", value))[0] if isinstance(value, float) else value
            for value in arguments
        ]
        table = np.array(numbers, np.int64)
        kernel.ctypes(table.ctypes.data, 0, items, 0)

    module["step"](
        call,
        arena.ctypes.data,
        scratch.ctypes.data,
        {name: array.ctypes.data for name, array in session.inputs.items()},
        {name: array.ctypes.data for name, array in own_store.items()},
        {},
    )
    for name, array in store.items():
        assert array.tobytes() == own_store[name].tobytes(), name
