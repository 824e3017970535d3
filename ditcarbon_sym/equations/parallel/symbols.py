"""Symbols of the law of several accelerators; `notation` holds them, too."""

from ..quantities import Table

TABLE = Table()
_symbol, _flag, _ratio = TABLE.symbol, TABLE.flag, TABLE.ratio

# How a request is split, and what of its work that concerns
n_gpu = _symbol("n_gpu", "accelerators to a request", "1", "gpus", 1, 1024, integer=True)
n_U = _symbol("n_U", "degree of Ulysses attention: heads are split", "1", "ulysses", 1, 1024, integer=True)
n_R = _symbol("n_R", "degree of ring attention: keys and values go round", "1", "ring", 1, 1024, integer=True)
n_C = _symbol("n_C", "degree of guidance parallelism: passes are split", "1", "cfg", 1, 3, integer=True)
several = _flag("several", "several accelerators share a request: the code that splits it is at work", "several")
everywhere = _flag("everywhere", "the VAE decodes the same outputs on all accelerators", "decodes_everywhere")
n_dec = _symbol(
    "n_dec", "accelerators on which the VAE decodes the same outputs", "1", "decoding_gpus", 1, 1024, integer=True
)
n_vae = _symbol(
    "n_vae", "accelerators that share the decoding, tile by tile", "1", "vae", 1, 1024, latex=r"n_{\mathrm{VAE}}",
    integer=True,
)  # fmt: skip
Q_attn = _symbol(
    "Q_attn", "bytes of queries, keys, values and outputs of attention over all rows, one pass, one output", "1",
    "attention_bytes", zero=True,
)  # fmt: skip
n_attn = _symbol("n_attn", "layers of such attention", "1", "attention_layers", zero=True)
pad_dense = _symbol(
    "pad_dense", "products of all accelerators together over those of one: rows padded or not split", "1",
    "padded_products", 1, 1024, latex=r"\pi_{\mathrm{dense}}",
)  # fmt: skip
pad_elem = _symbol(
    "pad_elem", "bytes of all accelerators' elementwise passes over those of one", "1", "padded_bytes", 1, 1024,
    latex=r"\pi_{\mathrm{elem}}",
)  # fmt: skip
pad_attn = _symbol(
    "pad_attn", "attention of all accelerators together over that of one: queries of text rows not split", "1",
    "padded_attention", 1, 1024, latex=r"\pi_{\mathrm{attn}}",
)  # fmt: skip
crossed = _flag("crossed", "attention to the text is exchanged and goes round, too", "exchanges_cross_attention")
gathered = _flag("gathered", "keys and values are gathered at once, and do not go from one to the next", "gathers")
link = TABLE.rate("beta_link", "link of an accelerator to the others of its node, each way", "link_byte_per_second")

# Seconds of each accelerator, in parts, and joules of one
tau_busy = _symbol("tau_busy", "seconds of each accelerator's share of the work of one", "s", "busy_s")
tau_attn = _symbol("tau_attn", "seconds of attention in that", "s", "attention_s", zero=True)
tau_pad = _symbol("tau_pad", "seconds of padding, of all accelerators together", "s", "padding_s", zero=True)
tau_round = _symbol("tau_round", "seconds in which keys and values go round", "s", "round_s", zero=True)
tau_pixel = _symbol(
    "tau_pixel", "seconds in which the host turns outputs into pictures, beyond its part in one's steps", "s",
    "pictures_s", zero=True,
)  # fmt: skip
tau_move = _symbol("tau_move", "seconds in which each accelerator moves data", "s", "moving_s", zero=True)
tau_launch = _symbol("tau_launch", "seconds of the host's launches", "s", "launching_s", zero=True)
tau_steps = _symbol("tau_steps", "seconds of all denoising steps", "s", "denoising_s")
tau_dec = _symbol("tau_dec", "seconds of decoding", "s", "decoding_s", zero=True)
E_alone = _symbol("E_alone", "energy of the request on one accelerator", "kWh", "energy_alone_kwh", zero=True)

# What is fitted
t_wrap = _symbol(
    "t_wrap", "seconds that a kernel waits longer in the code that splits", "s", "t_wrap", 0, 1e-2, zero=True
)
t_swap = _symbol(
    "t_swap", "seconds of the host for the exchanges of heads in one layer, over many accelerators", "s", "t_swap", 0,
    1, zero=True,
)  # fmt: skip
t_ring = _symbol(
    "t_ring", "seconds of the host for one pass around the ring in one layer", "s", "t_ring", 0, 1, zero=True
)
e_link = _symbol("e_link", "part of the link that an exchange of heads reaches", "1", "e_link", 1e-3, 2)
e_ring = _symbol("e_ring", "part of the link that passing keys and values on reaches", "1", "e_ring", 1e-3, 2)
c_copy = _ratio(
    "c_copy", "elementwise passes that the code which splits adds, over those of one accelerator", "c_copy", 100
)
c_ring = _ratio("c_ring", "elementwise passes over the outputs that a pass around the ring adds", "c_ring", 1e3)
c_VAE = _ratio("c_VAE", "by how much decoding takes longer on one of many accelerators", "c_vae", 100)
t_host = _symbol(
    "t_host", "seconds of the host for a pixel of the output, which do not divide", "s", "t_host", 0, 1, zero=True
)
phi_wait = _ratio("phi_wait", "part of rated power that a waiting accelerator draws", "waiting_power_fraction")
phi_move = _ratio("phi_move", "part of rated power that exchanges and copies draw", "moving_power_fraction", 1.5)
