"""What is shown, as text: pure functions from findings and plans to strings."""
