"""The policy decision point: who may do what, and why. `core` is pure; the rest stores grants, makes SQL."""
