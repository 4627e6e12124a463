"""What a project asks of its networks: settings, budgets, what is silenced, and what was known before."""
