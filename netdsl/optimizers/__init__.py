"""How gradients change parameters: one file per optimizer."""
