"""The paper's chain as one would write it in numba for the purpose: one fused, parallel loop over seven results."""

import numba
import numpy as np

NAMES = (
    "s", "c", "a", "j", "d", "f", "m", "N", "g", "n_ada", "t", "v_s", "p",
    "n_latent", "n_frames", "P_enc", "P_VAE", "k_VAE", "mu_sat", "B_0", "ell_star", "Theta_peak", "TDP", "L", "C_chip",
)  # fmt: skip


@numba.njit(parallel=True, error_model="numpy", fastmath=True)
def chain(
    H, W, B, S, PUE, I_grid, s, c, a, j, d, f, m, N, g, n_ada, t, v_s, p, n_latent, n_frames, P_enc, P_VAE, k_VAE,
    mu_sat, B_0, ell_star, Theta_peak, TDP, L, C_chip, F_total, mu, tau, E, C_op, C_emb, C_total,
):  # fmt: skip
    for i in numba.prange(H.size):
        tokens = H[i] * W[i] / (v_s * p) ** 2 * n_latent
        pixels = H[i] * W[i] / v_s**2 * n_frames
        rows = tokens + (s + j - s * j) * m
        cross = c * (1 - s) * (4 * tokens * d * d + 4 * m * d * d + 4 * tokens * m * d)
        block = 8 * rows * d * d + 4 * rows * rows * d + cross + 4 * f * rows * d * d + 12 * a * (1 + s) * d * d
        flop = B[i] * (2 * P_enc * m + 2 * P_VAE * pixels * k_VAE) + B[i] * g * S[i] * N * block
        efficiency = mu_sat * B[i] / (B[i] + B_0) * tokens / (tokens + ell_star / B[i])
        seconds = flop / (efficiency * Theta_peak)
        energy = seconds * TDP / 3.6e6
        operational = energy * PUE[i] * I_grid[i]
        embodied = seconds / L * C_chip
        F_total[i], mu[i], tau[i], E[i] = flop, efficiency, seconds, energy
        C_op[i], C_emb[i], C_total[i] = operational, embodied, operational + embodied


def by_hand(values):
    v = {x.name: y for x, y in values.items()}
    arrays = [v[name] for name in ("H", "W", "B", "S", "PUE", "I_grid")]
    results = [np.empty(arrays[0].size) for _ in range(7)]
    chain(*arrays, *(float(v[name]) for name in NAMES), *results)
    return results
