"""The table of symbols: every symbol once, with its meaning, unit, data field and valid range.

All other modules import their symbols from here: to sympy, ``Symbol("N")`` and ``Symbol("N", positive=True)`` are
different symbols. The loader, its error messages and the JSON keys read the same table.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from sympy import Integer, Symbol

from .around import symbols as around_symbols
from .around.symbols import (
    WUE as WUE,
    C_host as C_host,
    C_server as C_server,
    E_host as E_host,
    P_host as P_host,
    V_mix as V_mix,
    V_site as V_site,
    h_host as h_host,
    w_mix as w_mix,
)
from .operator_law import symbols as operator_symbols
from .parallel import symbols as parallel_symbols
from .quantities import Notation as Notation, Table
from .training import symbols as training_symbols

JOULE_PER_KWH = Integer(3_600_000)
SECONDS_PER_YEAR = Integer(31_557_600)  # Julian year, 365.25 days: what Table 7's embodied carbon implies


_TABLE = Table()
_symbol, _flag, _ratio = _TABLE.symbol, _TABLE.flag, _TABLE.ratio

# Architecture (Section 3.1)
s = _flag("s", "dual-stream flag: text and latent tokens have weights of their own", "dual_stream")
c = _flag("c", "cross-attention flag: a separate attention over the text tokens", "cross_attention")
a = _flag("a", "adaLN-Zero flag: modulation weights in every block", "adaln_zero")
j = _flag("j", "joint-attention flag: text and latent tokens share the weights of one sequence", "joint_attention")
n_ada = _symbol("n_ada", "adaLN modulation modules per block", "1", "adaln_modules", 1, 16, integer=True)
t = _symbol("t", "conditioning width feeding adaLN", "1", "conditioning_width", 1, 1e5, integer=True)
N = _symbol("N", "transformer blocks", "1", "blocks", 1, 1e4, integer=True)
N_single = _symbol(
    "N_single", "single-stream blocks, of a network that has both kinds", "1", "single_blocks", 1, 1e4, integer=True
)
d = _symbol("d", "hidden size", "1", "hidden_size", 1, 1e5, integer=True)
h = _symbol("h", "attention heads", "1", "attention_heads", 1, 1e4, integer=True)
f = _symbol("f", "MLP expansion ratio", "1", "mlp_ratio", 0.1, 64)
p = _symbol("p", "patch side", "1", "patch_size", 1, 64, integer=True, hint="latent pixels")

# Encoders and decoders (Section 3.2)
v_s = _symbol("v_s", "VAE spatial downsampling", "1", "vae_spatial_factor", 1, 128, integer=True)
v_t = _symbol("v_t", "VAE temporal downsampling", "1", "vae_temporal_factor", 1, 64, integer=True)
P_enc = _symbol("P_enc", "text-encoder parameters", "1", "text_encoder_parameters", 0, 1e12, zero=True)
P_VAE = _symbol("P_VAE", "VAE decoder parameters", "1", "vae_decoder_parameters", 0, 1e11, zero=True)
k_VAE = _symbol(
    "k_VAE", "VAE reuse factor: positions each decoder weight visits per latent pixel", "1", "vae_reuse_factor", 0, 1e4,
    zero=True,
)  # fmt: skip

# Request (Section 3.2)
H = _symbol("H", "output height", "1", "height", 1, 65536, integer=True, hint="pixels")
W = _symbol("W", "output width", "1", "width", 1, 65536, integer=True, hint="pixels")
n_frames = _symbol("n_frames", "output frames (1 for an image)", "1", "frames", 1, 1e5, integer=True)
n_latent = _symbol("n_latent", "latent frames", "1")
m = _symbol("m", "text tokens", "1", "text_tokens", 0, 1e6, integer=True, zero=True)
n_ref = _symbol(
    "n_ref", "reference images appended to the latent tokens", "1", "references", 0, 16, integer=True, zero=True
)
B = _symbol("B", "batch size: outputs made together", "1", "batch", 1, 1e6, integer=True)
S = _symbol("S", "denoising steps", "1", "steps", 1, 1e5, integer=True)
g = _symbol(
    "g", "guidance passes per step", "1", "guidance", 1, 3, integer=True,
    hint="denoiser passes per step: 1 without guidance, 2 with classifier-free guidance; not the guidance scale",
)  # fmt: skip

# Derived sizes and work (Sections 3.1 and 3.2)
ell = _symbol("ell", "latent tokens of one output")
ell_latent = _symbol("ell_latent", "latent pixels the VAE decodes for one output")
kappa = _symbol("kappa", "parameters of one block in units of d^2 (Table 1)")
P = _symbol("P", "denoiser parameters", "1", "parameters")
F_block = _symbol("F_block", "FLOP of one block, one pass, one output")
F_text = _symbol("F_text", "FLOP of the text encoder for one output", zero=True)
F_VAE = _symbol("F_VAE", "FLOP of the VAE decoder for one output", zero=True)
F_denoiser = _symbol("F_denoiser", "FLOP of the denoising loop for the batch")
F_total = _symbol("F_total", "FLOP of the request")

# Hardware (Section 3.3)
mu = _symbol("mu", "hardware efficiency: delivered over peak throughput", "1", "mu", 1e-6, 1, hint="a fraction of peak")
mu_sat = _symbol("mu_sat", "efficiency at saturation", "1", "mu_sat", 1e-6, 1)
ell_star = _symbol(
    "ell_star", "latent tokens at half sequence saturation (B = 1)", "1", "ell_star", 0, 1e7, latex=r"\ell^{*}",
    zero=True,
)  # fmt: skip
B_0 = _symbol("B_0", "batch size at half batch saturation", "1", "B_0", 0, 1e4, zero=True)
mu_1 = _symbol("mu_1", "efficiency at batch 1", "1", "mu_1", 1e-6, 1)
mu_4 = _symbol("mu_4", "efficiency at batch 4", "1", "mu_4", 1e-6, 1)
mu_8 = _symbol("mu_8", "efficiency at batch 8", "1", "mu_8", 1e-6, 1)
Theta_peak = _symbol(
    "Theta_peak", "dense peak throughput", "FLOP/s", "peak_flop_per_second", 1e9, 1e17,
    hint="in FLOP/s: was it given in TFLOP/s?",
)  # fmt: skip
TDP = _symbol("TDP", "thermal design power", "W", "tdp_watt", 1, 1e5)

# Work of one denoiser pass of one output, operator by operator, and the law of time and energy on it (beyond the paper)
F_dense = _symbol("F_dense", "FLOP of dense products and convolutions, one pass, one output")
F_attn = _symbol("F_attn", "FLOP of attention, heads padded as the accelerator pads them", zero=True)
n_exp = _symbol("n_exp", "exponentials of the softmax, one pass, one output", zero=True)
Q_elem = _symbol("Q_elem", "bytes moved by norms and elementwise passes, one pass, one output", zero=True)
n_launch = _symbol("n_launch", "kernels launched in a pass")
bandwidth = _TABLE.rate("beta", "memory bandwidth", "bandwidth_byte_per_second", 1e9)
t_exp = _symbol(
    "t_exp", "seconds per exponential on the special-function units", "s", "seconds_per_exponential", 0, 1e-6, zero=True
)
t_launch = _symbol("t_launch", "seconds to launch a kernel", "s", "t_launch", 0, 1e-2, zero=True)
e_dense = _symbol("e_dense", "dense efficiency: part of peak", "1", "e_dense", 1e-3, 1.5)
r_attn = _symbol("r_attn", "efficiency of attention over that of dense products", "1", "r_attn", 0.05, 5)
e_mem = _symbol("e_mem", "part of the bandwidth that elementwise passes reach", "1", "e_mem", 1e-3, 1.5)
e_VAE = _symbol("e_VAE", "efficiency of the VAE decoder: part of peak", "1", "e_vae", 1e-3, 1.5)
q_VAE = _symbol("q_VAE", "peak in 16 bits over peak in the precision of the VAE", "1", "vae_slowdown", 1, 32)
eps_flop = _symbol("eps_flop", "energy per FLOP", "J", "joule_per_flop", 0, 1e-8, zero=True)
eps_byte = _symbol(
    "eps_byte", "energy per byte that an elementwise pass moves", "J", "joule_per_byte", 0, 1e-5, zero=True
)
P_idle = _symbol("P_idle", "power of the accelerator while it waits for kernels", "W", "idle_watt", 0, 1e5, zero=True)

# What accelerators have in common: the same law in units of each one's own clock and power
rho = _symbol(
    "rho", "bytes an elementwise pass moves in the time of one exponential", "1", "byte_per_exponential", 1e-6, 1e3
)
eps_0 = _symbol(
    "eps_0", "energy per FLOP where rated power over peak is as much", "J", "joule_per_flop_in_common", 1e-15, 1e-8
)

# The software stack: what a mode leaves of the work (`software`)
kappa_elem = _ratio("kappa_elem", "part of the elementwise traffic that the software leaves", "elementwise_left", 10)
lambda_launch = _ratio("lambda_launch", "part of the launches that the software leaves", "launches_left", 10)
alpha_attn = _ratio("alpha_attn", "time of the attention kernel over FlashAttention 2's", "attention_time", 10)
delta_attn = _ratio("delta_attn", "part of the attention scores that a sparse pattern computes", "attention_density")
R_peak = _ratio("R_peak", "peak of products in the format over that of 16 bits", "format_peak_ratio", 16)
eta_peak = _ratio("eta_peak", "part of the format's higher peak that products reach", "format_peak_reached", 2)
w_quant = _ratio("w_quant", "bytes moved to convert a weight, in each pass", "byte_per_weight", 1e3)
c_skip = _ratio("c_skip", "part of the steps that a cache skips", "steps_skipped")
k_check = _ratio("k_check", "cost of a skipped step over that of a step", "check_cost")
gamma_g = _ratio("gamma_g", "part of the steps with guidance", "guidance_part")
b_weight = _ratio("b_weight", "bytes of a weight of the denoiser", "weight_byte", 8)
chi_time = _ratio("chi_time", "power at which joules of a faster kernel follow its time", "energy_follows_time", 4)
Q_host = _ratio("Q_host", "bytes of weights moved between host and accelerator once", "host_byte", 1e15)
Q_step = _ratio("Q_step", "bytes of weights moved from the host in each step", "host_byte_per_step", 1e15)
beta_host = _symbol("beta_host", "rate at which weights cross the host's link", "B/s", "host_byte_per_second", 1, 1e13)

# Carbon accounting (Section 3.4)
tau = _symbol("tau", "runtime of the request", "s", "time_s")
E = _symbol("E", "energy of the request", "kWh", "energy_kwh")
PUE = _symbol("PUE", "power usage effectiveness", "1", "pue", 1, 5, hint="facility energy over IT energy")
I_grid = _symbol(
    "I_grid", "grid carbon intensity", "gCO2eq/kWh", "grid_gco2eq_per_kwh", 0, 5000, zero=True, hint="gCO2eq per kWh"
)
L = _symbol("L", "hardware lifetime", "s", "lifetime_s")
C_chip = _symbol(
    "C_chip", "embodied carbon of the accelerator", "gCO2eq", "embodied_gco2eq", 0, 1e9, zero=True,
    hint="in grams: was it given in kilograms?",
)  # fmt: skip
u = _symbol("u", "part of the lifetime in use", "1", "utilisation", 1e-4, 1, hint="a fraction of the lifetime in use")
E_idle = _symbol(
    "E_idle", "energy that the accelerator draws idle for a busy request", "kWh", "idle_energy_kwh", zero=True
)
C_idle = _symbol("C_idle", "carbon of that energy", "gCO2eq", "idle_g", zero=True)
C_op = _symbol("C_op", "operational carbon", "gCO2eq", "operational_g", zero=True)
C_emb = _symbol("C_emb", "embodied carbon share", "gCO2eq", "embodied_g", zero=True)
C_total = _symbol("C_total", "total carbon", "gCO2eq", "total_g", zero=True)

C_output = _symbol("C_output", "carbon per output", "gCO2eq", "per_output_g", zero=True)

_TABLE.update(operator_symbols.TABLE)
_TABLE.update(parallel_symbols.TABLE)
_TABLE.update(around_symbols.TABLE)
_TABLE.update(training_symbols.TABLE)

ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
"""What the id of a catalogue entry looks like."""

NOTATION: Mapping[Symbol, Notation] = MappingProxyType(_TABLE)
"""Symbol to `Notation`, in the order of the paper."""

BY_FIELD: Mapping[str, Notation] = MappingProxyType({entry.field: entry for entry in _TABLE.values()})
"""Data field (as in files, requests and JSON) to `Notation`."""

BY_NAME: Mapping[str, Notation] = MappingProxyType({entry.symbol.name: entry for entry in _TABLE.values()})
"""The symbol's ASCII spelling to `Notation`."""

# What the entries of the catalogue and a request are made of.
MODEL_FIELDS = (s, c, a, j, n_ada, t, N, d, f, p, v_s, v_t, P_enc, P_VAE, k_VAE)
REQUEST_FIELDS = (H, W, n_frames, B, S, g, m, n_ref)
GPU_FIELDS = (Theta_peak, TDP, bandwidth, t_exp, P_idle)
DATACENTER_FIELDS = (PUE, I_grid, WUE, w_mix)

MODEL_DEFAULTS: Mapping[Symbol, float] = MappingProxyType({j: 0.0, n_ada: 1.0, k_VAE: 3.0})
"""What a model's entry may leave out: the paper's defaults. The conditioning width defaults to the hidden size."""
