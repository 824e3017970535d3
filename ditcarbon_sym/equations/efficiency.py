r"""Hardware efficiency as a function of batch and sequence length: paper Eq. (3), the BGR saturation model.

``saturation`` is the paper's form with three parameters. On the paper's own production corpus the length scale ell*
fits to its bound, zero, and the form reduces to ``batch_saturation``; ``fits/`` shows it and ships the reduced
covariance.
"""

from collections.abc import Mapping
from types import MappingProxyType

from sympy import Integer, Symbol

from .equation import Equation
from .notation import B_0, B, ell, ell_star, mu, mu_1, mu_4, mu_8, mu_sat

saturation = Equation("3", mu, mu_sat * B / (B + B_0) * ell / (ell + ell_star / B))
batch_saturation = Equation("3, reduced", mu, saturation.rhs.xreplace({ell_star: Integer(0)}))
# The batch-discrete alternative: a level for each measured batch, 1, 4 and 8. Each polynomial is 1 at its own batch and
# 0 at the others, so that no branch is needed; between the batches they interpolate, and mean nothing.
AT_1 = (B - 4) * (B - 8) / 21
AT_4 = -(B - 1) * (B - 8) / 12
AT_8 = (B - 1) * (B - 4) / 28
levels = mu_1 * AT_1 + mu_4 * AT_4 + mu_8 * AT_8
batch_discrete = Equation("Section 3.3", mu, levels * ell / (ell + ell_star / B))
constant = Equation("Section 4", mu, mu_sat)

LAWS: Mapping[str, tuple[Symbol, ...]] = MappingProxyType({"bgr": (mu_sat, B_0, ell_star)})
"""Parameters of each law that a calibration may hold."""
