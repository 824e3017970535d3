"""Symbols of training; `notation` holds them, too."""

from ..quantities import Table

TABLE = Table()
_symbol, _flag, _ratio = TABLE.symbol, TABLE.flag, TABLE.ratio

# How a network is trained
n_step = _symbol("n_step", "steps of training", "1", "training_steps", 1, 1e9, integer=True)
B_step = _symbol(
    "B_step", "samples of a training step, on all accelerators together", "1", "training_batch", 1, 1e7, integer=True
)
n_train = _symbol("n_train", "accelerators that train", "1", "training_gpus", 1, 1e6, integer=True)
n_T = _symbol("n_T", "degree of tensor parallelism: each product is split", "1", "tensor", 1, 1024, integer=True)
n_D = _symbol("n_D", "degree of data parallelism: samples are split", "1", "data_parallel")
r_again = _ratio("r_again", "part of the forward pass that the backward pass computes again", "recompute")
ema = _flag("ema", "a moving average of the weights is kept", "ema")
cached = _flag("cached", "latents come from a cache: the VAE does not encode", "cached_latents")
cached_text = _flag("cached_text", "text embeddings come from a cache: no text encoder is at work", "cached_text")
shards = _flag("shards", "states of the optimiser are sharded over data-parallel accelerators", "sharded")
reduction = TABLE.rate("beta_reduce", "rate at which gradients go round, each way", "reduction_byte_per_second")
k_back = _ratio(
    "k_back", "bytes of the backward pass's elementwise work over those of the forward pass", "backward_traffic", 100
)
b_grad = _symbol("b_grad", "bytes of a gradient", "1", "gradient_byte", 1, 8)

# Work of a step
F_enc = _symbol("F_enc", "FLOP of the VAE's encoder for one sample", zero=True)
F_fwd = _symbol("F_fwd", "FLOP of a forward pass of one sample")
F_bwd = _symbol("F_bwd", "FLOP of the backward pass of one sample")
F_again = _symbol("F_again", "FLOP of what is computed again, one sample", zero=True)
F_frozen = _symbol("F_frozen", "FLOP of frozen encoders for one sample", zero=True)
F_step = _symbol("F_step", "FLOP of a step of training")
W_step = _symbol("W_step", "work of a sample, in FLOP of dense products that take as long")
Q_step_elem = _symbol(
    "Q_elem_step", "bytes of norms and elementwise passes of a sample, in one step", latex=r"Q_{\mathrm{elem,step}}",
    zero=True,
)  # fmt: skip
Q_opt = _symbol("Q_opt", "bytes of states that the optimiser of each accelerator moves", zero=True)
Q_grad = _symbol("Q_grad", "bytes of gradients that each accelerator sends in a step", zero=True)
Q_act = _symbol("Q_act", "bytes of activations that each accelerator sends in a step", zero=True)
M_state = _symbol("M_state", "bytes of weights, gradients and states that each accelerator holds", "1", "state_byte")

# Seconds of a step, of each accelerator
tau_work = _symbol("tau_work", "seconds of forward and backward work", "s", "training_work_s")
tau_frozen = _symbol("tau_frozen", "seconds of frozen encoders", "s", "frozen_s", zero=True)
tau_opt = _symbol("tau_opt", "seconds of the optimiser", "s", "optimiser_s", zero=True)
tau_reduce = _symbol("tau_reduce", "seconds in which gradients are reduced", "s", "reduction_s", zero=True)
tau_late = _symbol(
    "tau_late", "seconds of reduction that do not fit behind the backward pass", "s", "late_s", zero=True
)
tau_tensor = _symbol(
    "tau_tensor", "seconds in which tensor parallelism exchanges activations", "s", "tensor_s", zero=True
)
tau_host = _symbol("tau_host", "seconds of the host's launches in a step", "s", "training_launches_s", zero=True)
tau_step = _symbol("tau_step", "seconds of a step of training", "s", "step_s")

# What is fitted
c_train = _symbol("c_train", "time of a training step over that of the law of inference", "1", "c_train", 0.1, 100)
