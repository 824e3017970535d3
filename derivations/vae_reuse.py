"""F_VAE and what the VAE reuse factor is: a convolution's weights work at every position of its own grid."""

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Expr, Integer, Rational, Symbol, symbols

from ditcarbon_sym.equations import flops
from ditcarbon_sym.equations.notation import P_VAE, B, ell_latent, k_VAE

from .examples import configurations, percent
from .matrices import attention, flop, product
from .steps import Derivation, math

LEVELS = 4
HEIGHT, WIDTH = symbols("h w", positive=True)
"""Sides of the latent grid."""
ENTRIES = symbols(f"w_0:{LEVELS}", positive=True)
"""Weights (entries) of the decoder's convolutions on each grid: i doublings of the side above the latent one."""


def positions(level: int) -> Expr:
    """Positions of the grid on which both sides of the latent one were doubled so often."""
    height, width = HEIGHT, WIDTH
    for _ in range(level):
        height, width = 2 * height, 2 * width
    return height * width


def in_latent_pixels(count: Expr) -> Expr:
    """The same count, the latent grid having ell_latent positions."""
    return count.subs(WIDTH, ell_latent / HEIGHT)


@dataclass(frozen=True)
class Convolution:
    """``count`` convolutions of ``kernel`` x ``kernel`` on the grid ``level`` doublings above the latent one."""

    level: int
    inputs: int
    outputs: int
    kernel: int = 3
    count: int = 1

    @property
    def weights(self) -> Expr:
        """Entries of its kernels."""
        return Integer(self.count * self.inputs * self.outputs * self.kernel**2)

    def flop(self) -> Expr:
        """At each position, a row of inputs x kernel^2 numbers meets a matrix with a column for each output."""
        return self.count * product(positions(self.level), self.inputs * self.kernel**2, self.outputs)


STABLE_DIFFUSION_DECODER = (
    Convolution(0, 4, 512),  # conv_in
    Convolution(0, 512, 512, count=4),  # mid: two residual blocks of two
    Convolution(0, 512, 512, kernel=1, count=4),  # mid: Q, K, V and output of its attention
    Convolution(0, 512, 512, count=6),  # three residual blocks
    Convolution(1, 512, 512, count=7),  # upsampled, then three residual blocks
    Convolution(2, 512, 512),  # upsampled
    Convolution(2, 512, 256),
    Convolution(2, 512, 256, kernel=1),  # shortcut where the width changes
    Convolution(2, 256, 256, count=5),
    Convolution(3, 256, 256),  # upsampled
    Convolution(3, 256, 128),
    Convolution(3, 256, 128, kernel=1),
    Convolution(3, 128, 128, count=5),
    Convolution(3, 128, 3),  # conv_out
)
"""Stable Diffusion's decoder (vonplaten2022diffusers: src/diffusers/models/autoencoders/vae.py; widths 128, 256, 512,
512, three residual blocks on each grid, four latent channels).
"""


def derive() -> Derivation:
    """F_VAE = 2 P_VAE ell_latent k_VAE, k_VAE being the mean of 4^i over the decoder's weights."""
    proof = Derivation(
        "FLOP of the VAE decoder, and the reuse factor",
        r"$F_{\mathrm{VAE}} = 2 P_{\mathrm{VAE}} \ell_{\mathrm{latent}} k_{\mathrm{VAE}}$, where $k_{\mathrm{VAE}}$ is "
        "the number of positions that a decoder weight visits for each latent pixel, on the mean over all weights.",
    )
    proof.say(
        "A convolution applies the same weights at each position of its grid. The latent grid has "
        r"$h w = \ell_{\mathrm{latent}}$ positions. Each upsampling doubles both sides, so that $i$ of them leave"
    )
    for level in range(1, LEVELS):
        sides = rf"(2^{level} h)(2^{level} w)"
        proof.check(sides, 4**level * ell_latent, in_latent_pixels(positions(level)))
    proof.say(
        r"positions. There, $w_i$ weights cost as much as a product of "
        r"$(4^i \ell_{\mathrm{latent}} \times w_i)(w_i \times 1)$:"
    )
    visits = sum((4**i * entries for i, entries in enumerate(ENTRIES)), Integer(0))
    cost = in_latent_pixels(sum((product(positions(i), x, 1) for i, x in enumerate(ENTRIES)), Integer(0)))
    proof.check(r"F_{\mathrm{VAE}}", 2 * ell_latent * visits, cost)
    total = sum(ENTRIES, Integer(0))
    proof.say(rf"With ${math(P_VAE)} = {math(total)}$, define the reuse factor as the weighted mean of $4^i$:")
    proof.show(k_VAE, visits / total)
    proof.say(r"The sum in $F_{\mathrm{VAE}}$ is then $k_{\mathrm{VAE}} P_{\mathrm{VAE}}$, and")
    proof.conclude((cost / visits).cancel() * k_VAE * P_VAE, flops.vae_decoder)
    proof.say("It lies between 1 (all weights on the latent grid) and $4^3 = 64$ (all on the grid of the pixels):")
    proof.check_positive(r"(k_{\mathrm{VAE}} - 1) P_{\mathrm{VAE}}", visits - total)
    proof.check_positive(r"(64 - k_{\mathrm{VAE}}) P_{\mathrm{VAE}}", 64 * total - visits)
    _counted(proof)
    return proof


def counted_reuse() -> Expr:
    """k_VAE of Stable Diffusion's decoder, from its convolutions."""
    cost = sum((layer.flop() for layer in STABLE_DIFFUSION_DECODER), Integer(0)) / positions(0)
    return Rational(cost, 2 * decoder_weights())


def decoder_weights() -> Expr:
    """Entries of its weights, biases and norms apart."""
    return sum((layer.weights for layer in STABLE_DIFFUSION_DECODER), Integer(0))


def _counted(proof: Derivation) -> None:
    """Three values: as printed, as used, as counted; and what each makes of a request."""
    proof.say(
        f"Stable Diffusion's decoder has {int(decoder_weights()):,} weights, and its convolutions give "
        rf"$k_{{\mathrm{{VAE}}}} = {float(counted_reuse()):.2f}$. The paper prints the formula with 1; its Table 7 "
        "needs about 3, the package's default. The decoder's share of a whole request under each, as if every model "
        "had this decoder (CogVideoX-2B has a larger one, with convolutions in time):"
    )
    header = ("model", "printed, $k = 1$", "used, $k = 3$", f"counted, $k = {float(counted_reuse()):.2f}$")
    choices = (Integer(1), Integer(3), counted_reuse())
    rows = [(name, *(percent(_share(values, k)) for k in choices)) for name, values in configurations().items()]
    proof.tabulate(header, rows)
    extra = flop(attention("VAE", ell_latent, ell_latent, Integer(512))) / (2 * decoder_weights() * ell_latent)
    at = 128**2
    proof.say(
        "None of these has the one term that is not from weights: the decoder's attention over its latent grid, 512 "
        "wide, adds to the factor a part that grows with the grid,"
    )
    proof.show(r"\Delta k_{\mathrm{VAE}}", extra)
    proof.say(f"at 1024 × 1024 pixels ({at:,} latent pixels) {float(extra.subs(ell_latent, at)):.2f}.")


def _share(values: Mapping[Symbol, Expr], factor: Expr) -> Expr:
    """The decoder's part of all FLOP of a request."""
    chosen = {**values, k_VAE: factor}
    everything = flops.total.inline(flops.block, flops.text_encoder, flops.vae_decoder)
    return (B * flops.vae_decoder.rhs / everything.rhs).xreplace(chosen)
