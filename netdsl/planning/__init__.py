"""From network to plan: volumes, counts, costs and claims, without naming any kind of layer."""
