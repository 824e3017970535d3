"""The operator law: `symbols` has the symbols of its parts, `law` its equations, `closed` the law in inputs alone."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
