"""Foreign formats that are read: one file for each, found by being here."""
