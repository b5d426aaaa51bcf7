"""A second implementation of access: slow, short, obviously right, written from semantics.md and not from the code.

`model` holds the world as plain values, `units` is section 1, `layers` section 2, `legs` section 3, `answers` sections
4 and 5. Nothing here imports the product; an architecture of its own keeps one mistake from being made twice.
"""
