"""Token counts: pixels to latent pixels to patches, and output frames to latent frames."""

from sympy import Expr, Integer

from ditcarbon_sym.equations import flops
from ditcarbon_sym.equations.notation import H, W, n_frames, n_latent, p, v_s, v_t

from .examples import configurations, count
from .steps import Derivation, equal


def derive() -> Derivation:
    """Latent tokens are the patches of the latent grid, over all latent frames."""
    proof = Derivation(
        "Token counts",
        "The denoiser works on one token per patch of $p \\times p$ latent pixels and latent frame; the VAE decoder "
        "makes every output frame from its latent pixels.",
    )
    proof.say(
        "The VAE encodes $v_s \\times v_s$ pixels as one latent pixel, and the patch embedding, a convolution of width "
        "and stride $p$, makes one row of width $d$ from $p \\times p$ latent pixels: the grids are"
    )
    latent = (H / v_s, W / v_s)
    patches = tuple(side / p for side in latent)
    proof.show(r"\text{latent pixels of one frame}", _area(latent))
    proof.show(r"\text{patches of one frame}", _area(patches))
    proof.say(
        "A video VAE is causal in time: the first frame is encoded alone, each further $v_t$ frames as one latent "
        "frame (an image is $n_{\\mathrm{frames}} = 1$, whatever $v_t$):"
    )
    frames = 1 + (n_frames - 1) / v_t
    proof.conclude(frames, flops.latent_frames)
    if not equal(frames.subs(n_frames, 1), Integer(1)):
        raise AssertionError("an image is not one latent frame")
    proof.say("Every latent frame has its own patches, and the sequence holds them all:")
    proof.conclude(n_latent * _area(patches), flops.latent_tokens)
    proof.say(
        "For the decoder, the convention is one grid of latent pixels for each *output* frame, as the paper's Table 7 "
        "has it. Counting latent frames instead would divide the decoder's FLOP by the ratio of the two, for long "
        "videos $v_t$:"
    )
    proof.conclude(n_frames * _area(latent), flops.latent_pixels)
    proof.show(r"\lim_{n_{\mathrm{frames}} \to \infty} \frac{n_{\mathrm{frames}}}{n_{\mathrm{latent}}}", _long(frames))
    _table(proof)
    return proof


def _area(sides: tuple[Expr, Expr]) -> Expr:
    return sides[0] * sides[1]


def _long(frames: Expr) -> Expr:
    """Output frames per latent frame of a long video: the inverse slope of one in the other."""
    return 1 / frames.diff(n_frames)


def _table(proof: Derivation) -> None:
    proof.say("At the default requests of the catalogue:")
    rows = []
    for name, values in configurations().items():
        tokens = (n_latent * _area((H / v_s / p, W / v_s / p))).xreplace(values)
        pixels = (n_frames * _area((H / v_s, W / v_s))).xreplace(values)
        rows.append(
            (name, f"{values[H]} × {values[W]}", values[n_frames], values[n_latent], count(tokens), count(pixels))
        )
    header = ("model", "output", "frames", "latent frames", r"tokens $\ell$", r"$\ell_{\mathrm{latent}}$")
    proof.tabulate(header, rows)
