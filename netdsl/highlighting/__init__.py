"""The words of the language by what they are, for what colours text: Pygments, TextMate grammars, Vim."""
