from .grid import Grid as Grid, Sweep as Sweep, sweep as sweep
from .order import Ranking as Ranking, ranked as ranked
from .pareto import Front as Front, front as front
from .ranking import top as top
from .requests import RequestList as RequestList, read_requests as read_requests
from .streaming import write as write
