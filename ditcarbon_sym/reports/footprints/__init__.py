"""How places, accounts, routes and reports of a footprint look."""
