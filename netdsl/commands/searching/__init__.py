"""How `netdsl search` carries a search out, on several processes, and shows it."""
