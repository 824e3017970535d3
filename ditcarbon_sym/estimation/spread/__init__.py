"""The statistics of intervals: `quantiles`, and `shifts` where a law is not linear in the error of its constants."""
