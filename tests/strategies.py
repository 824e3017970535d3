"""Hypothesis strategies: configurations inside the valid ranges of `notation`."""

from hypothesis import strategies as st
from sympy import Symbol

from ditcarbon_sym.equations import notation as n

FLAGS = (n.s, n.c, n.a, n.j)
ARCHITECTURE = {
    **{flag: st.integers(0, 1) for flag in FLAGS},
    n.n_ada: st.integers(1, 4),
    n.t: st.integers(64, 4096),
    n.N: st.integers(1, 80),
    n.d: st.integers(64, 8192),
    n.f: st.sampled_from([2, 2.5, 8 / 3, 4, 6]),
    n.p: st.sampled_from([1, 2, 4]),
    n.v_s: st.sampled_from([4, 8, 16, 32]),
    n.P_enc: st.floats(0, 1e11),
    n.P_VAE: st.floats(0, 1e9),
    n.k_VAE: st.floats(0, 100),
}
REQUEST = {
    n.H: st.integers(1, 64).map(lambda x: 128 * x),
    n.W: st.integers(1, 64).map(lambda x: 128 * x),
    n.n_frames: st.integers(1, 200),
    n.n_latent: st.integers(1, 50),
    n.m: st.integers(0, 1024),
    n.B: st.integers(1, 256),
    n.S: st.integers(1, 1000),
    n.g: st.integers(1, 3),
}
HARDWARE = {
    n.mu_sat: st.floats(1e-3, 1),
    n.B_0: st.floats(0, 100),
    n.ell_star: st.floats(0, 1e5),
    n.Theta_peak: st.floats(1e12, 5e15),
    n.TDP: st.floats(10, 2000),
    n.PUE: st.floats(1, 3),
    n.I_grid: st.floats(0, 2000),
    n.L: st.floats(1e7, 1e9),
    n.C_chip: st.floats(0, 1e6),
}


def configurations(*tables: dict[Symbol, st.SearchStrategy]) -> st.SearchStrategy[dict[Symbol, float]]:
    """Mappings of every symbol of the chain, or of the given tables only, to valid numbers."""
    chosen = tables or (ARCHITECTURE, REQUEST, HARDWARE)
    return st.fixed_dictionaries({symbol: strategy for table in chosen for symbol, strategy in table.items()})
