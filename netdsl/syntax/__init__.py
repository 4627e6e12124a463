"""From text to tree: the grammar's tables, the parser that runs them, the tree and its printer."""
