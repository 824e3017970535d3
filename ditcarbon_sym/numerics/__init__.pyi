from .blocks import FloatArray as FloatArray
from .functions import Compiled as Compiled, Definition as Definition, compiled as compiled, exact as exact
