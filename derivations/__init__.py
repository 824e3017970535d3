"""Why is Eq. (k) true? From weight matrices and matrix products to the package's closed forms.

Each file of results has a ``derive()`` that builds its result from definitions, asserts that it is the package's own
equation, and returns the record of its steps. The package never imports this folder.
"""
