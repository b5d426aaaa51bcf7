"""A second implementation of access: slow, short, obviously right, written from semantics.md alone.

`model` holds the world as plain values; `units` is section 1, `layers` section 2, `legs` section 3, `answers`
sections 4 and 5; `worlds` generates small but nasty worlds. Nothing here imports the product: what the two
implementations share, they could be wrong about together.
"""
