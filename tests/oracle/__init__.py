"""A second implementation of access: slow, short, obviously right, written from semantics.md alone.

`model` holds the world as plain values; `units` is section 1, `layers` section 2, `legs` with `stored`,
`scopes` and `denies` section 3, `answers` sections 4 and 5. `worlds` generates small but nasty worlds, out of
`graphs`, `stand_ins`, `grants` and `finer_grants`; `tiny` lists every world of a smaller size. Nothing here
imports the product: what the two implementations share, they could be wrong about together.
"""
