"""What lies around the accelerator: what an answer rests on, water, boundaries, accounts. Read `basis` first."""
