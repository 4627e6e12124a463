"""What an editor asks about a text: pure functions from texts and places to answers, and the thin layer that
speaks the Language Server Protocol for them."""
