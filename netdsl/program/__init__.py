"""From a plan to a program: lowering, gradients, fusion, and the memory of a step."""
