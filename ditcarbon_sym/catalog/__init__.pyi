from .diffusers import from_diffusers as from_diffusers
from .entries import Calibration as Calibration, Datacenter as Datacenter, Gpu as Gpu, Model as Model
from .loading import (
    Catalog as Catalog,
    load as load,
    load_calibration as load_calibration,
    shipped_calibration as shipped_calibration,
)
from .stages import Stages as Stages, TextStage as TextStage
