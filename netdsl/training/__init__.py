"""Training: the recipe, the loop that yields records, evaluation, checkpoints and run folders."""
