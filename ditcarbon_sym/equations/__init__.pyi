from .derivatives import (
    adjoints as adjoints,
    gradient as gradient,
    hessian as hessian,
    jacobian as jacobian,
    tangents as tangents,
)
from .equation import Equation as Equation
from .notation import BY_FIELD as BY_FIELD, BY_NAME as BY_NAME, NOTATION as NOTATION
from .pipeline import Route as Route, chain as chain, closed_form as closed_form, evaluate as evaluate, find as find
from .quantities import Notation as Notation
