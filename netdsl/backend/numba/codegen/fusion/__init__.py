"""Kernels that do what several primitives say."""
