from .comparison import Comparison as Comparison, Ratio as Ratio, compare as compare
from .forms import Forms as Forms, derive as derive
from .inversion import Solution as Solution, break_even as break_even, within as within
from .places import Placed as Placed, grams_anywhere as grams_anywhere
from .questions import Answer as Answer, Sensitivity as Sensitivity, solve as solve
from .saving import Saving as Saving, savings as savings
from .sensitivity import Elasticity as Elasticity, Swing as Swing, elasticities as elasticities, tornado as tornado
from .variance import Sobol as Sobol, sobol as sobol
