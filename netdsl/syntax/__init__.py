"""From text to tree: the grammar's tables, the parser that runs them, and the tree."""
