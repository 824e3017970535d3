from .counting import flops as flops
from .estimator import Estimate as Estimate, estimate as estimate, estimate_at as estimate_at
from .exact_count import Count as Count, count as count
from .footprint.account import Account as Account, account as account
from .intervals import predictive as predictive
from .point import OperatingPoint as OperatingPoint, Options as Options, operating_point as operating_point
from .request import Request as Request, resolve_request as resolve_request
from .service import Quantity as Quantity
from .transfer import transferred as transferred
