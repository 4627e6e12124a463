"""What `netdsl check` does with files: one, many, fixed, watched; what it lets pass, and where it writes."""
