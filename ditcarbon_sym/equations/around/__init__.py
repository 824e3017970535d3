"""What lies around the accelerator, as equations: symbols, boundaries, water."""
