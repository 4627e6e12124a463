"""What `netdsl check` does with files: one, many, mended, watched; what it lets pass, and where it writes."""
