"""From tree to network: kinds, labels and options are resolved, groups expanded, defaults put in."""
