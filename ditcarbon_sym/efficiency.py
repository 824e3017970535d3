r"""Hardware efficiency as a function of batch and sequence length: paper Eq. (3), the BGR saturation model.

``saturation`` is the paper's form with three parameters. On the paper's own production corpus the length scale ell*
fits to its bound, zero, and the form reduces to ``batch_saturation``; ``fits/`` shows it and ships the reduced
covariance.
"""

from collections.abc import Mapping
from types import MappingProxyType

from sympy import Integer, Symbol

from .equation import Equation
from .notation import B_0, B, ell, ell_star, mu, mu_sat

saturation = Equation("3", mu, mu_sat * B / (B + B_0) * ell / (ell + ell_star / B))
batch_saturation = Equation("3, reduced", mu, saturation.rhs.subs(ell_star, Integer(0)))
constant = Equation("Section 4", mu, mu_sat)

LAWS: Mapping[str, tuple[Symbol, ...]] = MappingProxyType({"bgr": (mu_sat, B_0, ell_star)})
"""Parameters of each law that a calibration may hold."""
