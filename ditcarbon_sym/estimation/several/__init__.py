"""A request that several accelerators share: how it is split, what that costs, and how sure that is.

Read in this order: `work` (what a split concerns), `split` (which splits there are, and the default), `route` (the law
of several accelerators in place of that of one). All of it loads only where several accelerators are asked for.
"""
