"""Questions about one request, or a few: what matters, what if, which of them, and in which closed form.

`sensitivity` has elasticities, ranges and the tornado, `variance` the Sobol indices beside them. `inversion` solves for
an input; `comparison` puts requests side by side; `forms` shows a model's closed forms. All start from an
`estimation.point.OperatingPoint`.
"""
