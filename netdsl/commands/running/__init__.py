"""What commands that run a network share: options, progress, and whole ways to run one."""
