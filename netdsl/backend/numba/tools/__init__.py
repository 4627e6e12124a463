"""Looks at kernels: listings, clocks, rooflines, what tuning found."""
