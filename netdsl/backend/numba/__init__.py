"""Programs as native code: kernels on SIMD register tiles, emitted as Python text for Numba."""
