"""The words of kernels: vectors and what is computed with them, as Numba compiles it."""
