"""Symbols of the parts of the operator law; `notation` holds them, too."""

from ..quantities import Table

TABLE = Table()
_symbol = TABLE.symbol

F_work = _symbol("F_work", "work of all passes: FLOP of dense products that take as long", "1", "work_flop",
                 latex=r"F_{\mathrm{work}}")  # fmt: skip
tau_full = _symbol("tau_full", "seconds of that work at full clock", "s", "full_clock_s",
                   latex=r"\tau_{\mathrm{full}}")  # fmt: skip
J_work = _symbol("J_work", "joules of that work", "J", "work_j", latex=r"J_{\mathrm{work}}", zero=True)
tau_held = _symbol("tau_held", "seconds of that work within rated power", "s", "within_power_s",
                   latex=r"\tau_{\mathrm{held}}")  # fmt: skip
tau_floor = _symbol("tau_floor", "seconds of the launches, below which no pass gets", "s", "floor_s",
                    latex=r"\tau_{\mathrm{floor}}", zero=True)  # fmt: skip
tau_loop = _symbol("tau_loop", "seconds of the denoising loop", "s", "loop_s", latex=r"\tau_{\mathrm{loop}}")
tau_text = _symbol("tau_text", "seconds of the text encoder", "s", "text_encoder_s", latex=r"\tau_{\mathrm{text}}",
                   zero=True)  # fmt: skip
tau_VAE = _symbol("tau_VAE", "seconds of the VAE decoder", "s", "vae_decoder_s", latex=r"\tau_{\mathrm{VAE}}",
                  zero=True)  # fmt: skip
