"""From written numbers, sizes and formulas to typed values."""
