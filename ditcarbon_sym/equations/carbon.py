r"""Runtime, energy and carbon of one request: paper Eqs. (4)-(8).

Energy is that of the accelerator alone, at its rated power for the whole runtime (an over-estimate, the paper says
by 5 to 15 % on its V100 corpus); PUE covers the rest of the facility. Embodied carbon is amortised linearly over
the hardware's lifetime, with no duty cycle: an idle hour costs as much as a busy one and is charged to nobody.

Beyond the paper, an accelerator that is in use for a part u of its lifetime idles 1/u - 1 seconds for each busy one.
The energy of that (``idle_energy``) is told apart and is in no total.
"""

from .equation import Equation
from .notation import (
    JOULE_PER_KWH,
    PUE,
    TDP,
    B,
    C_chip,
    C_emb,
    C_idle,
    C_op,
    C_output,
    C_total,
    E,
    E_idle,
    F_total,
    I_grid,
    L,
    P_idle,
    Theta_peak,
    mu,
    tau,
    u,
)

runtime = Equation("4", tau, F_total / (mu * Theta_peak))
efficiency_of_run = Equation("4, solved for mu", mu, F_total / (tau * Theta_peak))
energy = Equation("5", E, tau * TDP / JOULE_PER_KWH)
operational = Equation("6", C_op, E * PUE * I_grid)
embodied = Equation("7", C_emb, tau / L * C_chip)
total = Equation("8", C_total, C_op + C_emb)
idle_energy = Equation("idle", E_idle, tau * (1 / u - 1) * P_idle / JOULE_PER_KWH)
idle_carbon = Equation("idle", C_idle, E_idle * PUE * I_grid)
per_output = Equation("Section 4.4", C_output, C_total / B)
