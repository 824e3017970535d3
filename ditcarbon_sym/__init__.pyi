from .analysis.comparison import Comparison as Comparison, Ratio as Ratio, compare as compare
from .analysis.forms import Forms as Forms, derive as derive
from .analysis.questions import Answer as Answer, Sensitivity as Sensitivity, sensitivity as sensitivity, solve as solve
from .calibration.validation import Validation as Validation, validate as validate
from .catalog.diffusers import from_diffusers as from_diffusers
from .catalog.entries import Calibration as Calibration, Datacenter as Datacenter, Gpu as Gpu, Model as Model
from .catalog.loading import Catalog as Catalog, load as load
from .equations.derivatives import gradient as gradient, hessian as hessian
from .equations.equation import Equation as Equation
from .equations.notation import NOTATION as NOTATION
from .equations.pipeline import closed_form as closed_form, evaluate as evaluate
from .errors import InputError as InputError
from .estimation.estimator import Estimate as Estimate, estimate as estimate
from .estimation.exact_count import Count as Count, count as count
from .estimation.point import OperatingPoint as OperatingPoint, operating_point as operating_point
from .estimation.service import Quantity as Quantity
from .estimation.training.answer import Training as Training, train as train
from .sweeps.grid import Grid as Grid, Sweep as Sweep, sweep as sweep
from .sweeps.order import Ranking as Ranking, ranked as ranked
from .sweeps.pareto import Front as Front, front as front
from .version import __version__ as __version__
