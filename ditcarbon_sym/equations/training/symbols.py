"""Symbols of training; `notation` holds them, too."""

from ..quantities import Table

TABLE = Table()
_symbol, _flag = TABLE.symbol, TABLE.flag

# How a network is trained
n_step = _symbol("n_step", "steps of training", "1", "training_steps", 1, 1e9, latex=r"n_{\mathrm{step}}",
                 integer=True)  # fmt: skip
B_step = _symbol("B_step", "samples of a training step, on all accelerators together", "1", "training_batch", 1, 1e7,
                 latex=r"B_{\mathrm{step}}", integer=True)  # fmt: skip
n_train = _symbol("n_train", "accelerators that train", "1", "training_gpus", 1, 1e6, latex=r"n_{\mathrm{train}}",
                  integer=True)  # fmt: skip
n_T = _symbol("n_T", "degree of tensor parallelism: each product is split", "1", "tensor", 1, 1024, latex=r"n_T",
              integer=True)  # fmt: skip
n_D = _symbol("n_D", "degree of data parallelism: samples are split", "1", "data_parallel", latex=r"n_D")
r_again = _symbol("r_again", "part of the forward pass that the backward pass computes again", "1", "recompute", 0, 1,
                  latex=r"r_{\mathrm{again}}", zero=True)  # fmt: skip
ema = _flag("ema", "a moving average of the weights is kept", "ema")
cached = _flag("cached", "latents come from a cache: the VAE does not encode", "cached_latents")
cached_text = _flag("cached_text", "text embeddings come from a cache: no text encoder is at work", "cached_text")
shards = _flag("shards", "states of the optimiser are sharded over data-parallel accelerators", "sharded")
reduction = _symbol(
    "beta_reduce", "rate at which gradients go round, each way", "B/s", "reduction_byte_per_second", 1e6, 1e15,
    latex=r"\beta_{\mathrm{reduce}}", hint="in B/s: was it given in GB/s?",
)  # fmt: skip
k_back = _symbol("k_back", "bytes of the backward pass's elementwise work over those of the forward pass", "1",
                 "backward_traffic", 0, 100, latex=r"k_{\mathrm{back}}", zero=True)  # fmt: skip
b_grad = _symbol("b_grad", "bytes of a gradient", "1", "gradient_byte", 1, 8, latex=r"b_{\mathrm{grad}}")

# Work of a step
F_enc = _symbol("F_enc", "FLOP of the VAE's encoder for one sample", latex=r"F_{\mathrm{enc}}", zero=True)
F_fwd = _symbol("F_fwd", "FLOP of a forward pass of one sample", latex=r"F_{\mathrm{fwd}}")
F_bwd = _symbol("F_bwd", "FLOP of the backward pass of one sample", latex=r"F_{\mathrm{bwd}}")
F_again = _symbol("F_again", "FLOP of what is computed again, one sample", latex=r"F_{\mathrm{again}}", zero=True)
F_frozen = _symbol("F_frozen", "FLOP of frozen encoders for one sample", latex=r"F_{\mathrm{frozen}}", zero=True)
F_step = _symbol("F_step", "FLOP of a step of training", latex=r"F_{\mathrm{step}}")
W_step = _symbol("W_step", "work of a sample, in FLOP of dense products that take as long", latex=r"W_{\mathrm{step}}")
Q_step_elem = _symbol("Q_elem_step", "bytes of norms and elementwise passes of a sample, in one step",
                      latex=r"Q_{\mathrm{elem,step}}", zero=True)  # fmt: skip
Q_opt = _symbol("Q_opt", "bytes of states that the optimiser of each accelerator moves", latex=r"Q_{\mathrm{opt}}",
                zero=True)  # fmt: skip
Q_grad = _symbol("Q_grad", "bytes of gradients that each accelerator sends in a step", latex=r"Q_{\mathrm{grad}}",
                 zero=True)  # fmt: skip
Q_act = _symbol("Q_act", "bytes of activations that each accelerator sends in a step", latex=r"Q_{\mathrm{act}}",
                zero=True)  # fmt: skip
M_state = _symbol("M_state", "bytes of weights, gradients and states that each accelerator holds", "1", "state_byte",
                  latex=r"M_{\mathrm{state}}")  # fmt: skip

# Seconds of a step, of each accelerator
tau_work = _symbol("tau_work", "seconds of forward and backward work", "s", "training_work_s",
                   latex=r"\tau_{\mathrm{work}}")  # fmt: skip
tau_frozen = _symbol("tau_frozen", "seconds of frozen encoders", "s", "frozen_s", latex=r"\tau_{\mathrm{frozen}}",
                     zero=True)  # fmt: skip
tau_opt = _symbol("tau_opt", "seconds of the optimiser", "s", "optimiser_s", latex=r"\tau_{\mathrm{opt}}", zero=True)
tau_reduce = _symbol("tau_reduce", "seconds in which gradients are reduced", "s", "reduction_s",
                     latex=r"\tau_{\mathrm{reduce}}", zero=True)  # fmt: skip
tau_late = _symbol("tau_late", "seconds of reduction that do not fit behind the backward pass", "s", "late_s",
                   latex=r"\tau_{\mathrm{late}}", zero=True)  # fmt: skip
tau_tensor = _symbol("tau_tensor", "seconds in which tensor parallelism exchanges activations", "s", "tensor_s",
                     latex=r"\tau_{\mathrm{tensor}}", zero=True)  # fmt: skip
tau_host = _symbol("tau_host", "seconds of the host's launches in a step", "s", "training_launches_s",
                   latex=r"\tau_{\mathrm{host}}", zero=True)  # fmt: skip
tau_step = _symbol("tau_step", "seconds of a step of training", "s", "step_s", latex=r"\tau_{\mathrm{step}}")

# What is fitted
c_train = _symbol("c_train", "time of a training step over that of the law of inference", "1", "c_train", 0.1, 100,
                  latex=r"c_{\mathrm{train}}")  # fmt: skip
