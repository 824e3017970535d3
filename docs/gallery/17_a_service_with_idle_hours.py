"""A service that is idle half of the time.

Energy of a service over a day: what its requests take, and what the accelerators draw between them, against the part of
the time in which they work. The idle energy stands apart, in no total.
"""

import numpy as np
from matplotlib import pyplot as plt

from ditcarbon_sym import estimate

PER_DAY = 100_000
shares = np.array([0.1, 0.2, 0.3, 0.5, 0.7, 1.0])
found = [estimate("flux.1-dev", gpu="h100-sxm-80gb", boundary="chip", utilisation=x, per_day=PER_DAY) for x in shares]
busy = np.array([x.per_day["energy_wh"].value for x in found]) / 1000
idle = np.array([(x.idle_energy_wh.value or 0) * PER_DAY for x in found]) / 1000
figure, axes = plt.subplots(figsize=(6.4, 3.6))
axes.bar([f"{x:.0%}" for x in shares], busy, color="#0072B2", label="at work")
axes.bar([f"{x:.0%}" for x in shares], idle, bottom=busy, color="0.7", label="idle, apart")
axes.set(xlabel="part of the time at work", ylabel="energy in a day, accelerators (kWh)")
axes.legend()
