"""The operator law in its inputs alone, put together from its parts: what is fitted and proved."""

from ..notation import B, F_text, eps_flop, tau
from . import law

LAUNCHES = law.launching.rhs
BUSY = law.busy.inline(law.work).rhs
"""What the passes take at full clock."""
PRODUCTS = BUSY - law.TRAFFIC
JOULES = law.joules.inline(law.work).rhs
"""Joules of the passes' work."""
LIMITED = law.within_power.inline(*law.PARTS).rhs
"""What the passes take within rated power."""
TEXT = law.encoding_unlimited.rhs
TEXT_JOULES = eps_flop * B * F_text
LIMITED_TEXT = law.encoding.rhs
DECODER = law.decoding.rhs
WAITING = law.looping.inline(*law.PARTS).rhs - LIMITED

runtime = law.seconds_unlimited.inline(*(x for x in law.AT_FULL_CLOCK if x.lhs != tau))
"""Time at full clock, where no law of energy is known."""
limited = law.seconds.inline(*law.PARTS)
energy = law.drawn.inline(*law.PARTS)
