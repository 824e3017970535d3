"""Which numbers do the data give? From measurements to the calibrations that the package ships."""
