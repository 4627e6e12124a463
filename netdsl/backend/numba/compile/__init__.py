"""From a kernel's text to machine code, kept on disk."""
