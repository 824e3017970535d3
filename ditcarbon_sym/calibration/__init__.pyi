from .confidence import Knowledge as Knowledge, knowledge as knowledge
from .data import Data as Data
from .efficiency import Calibrated as Calibrated, calibration_table as calibration_table
from .fitting import Fit as Fit, Free as Free, fit as fit
from .measurements import Row as Row, read_csv as read_csv
from .planning import Design as Design, design as design
from .validation import Validation as Validation, validate as validate
