"""Networks as PyTorch modules: one file per group of layer kinds. Only this folder imports torch."""
