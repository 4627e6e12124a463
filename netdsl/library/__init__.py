"""netdsl from Python: what ``import netdsl`` offers. Each name is loaded when it is first used."""
