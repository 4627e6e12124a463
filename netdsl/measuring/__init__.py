"""How fast a network runs on this machine: rounds of steps, timed part by part."""
