"""The shipped configurations as diffusers saves them."""

from ditcarbon_sym.catalog import stages
from ditcarbon_sym.catalog.files import DATA, read_toml
from ditcarbon_sym.catalog.index import AFTER_TEXT, OF_SOUND


def transformer(name):
    """The config.json of a released transformer: JSON has null where TOML has nothing."""
    table = read_toml(DATA / "pipelines" / f"{name}.toml")["transformer"]
    return {**{key: value for key, value in table.items() if key != "_null"}, **dict.fromkeys(table.get("_null", ()))}


def components(name):
    """Class and configuration of each component of a released pipeline, by folder."""
    table = read_toml(DATA / "pipelines" / f"{name}.toml")
    found = {"transformer": transformer(name), **({"transformer_2": transformer(name)} if "copies" in table else {})}
    if "vae" in table:
        found["vae"] = read_toml(DATA / "vaes" / f"{table['vae']}.toml")
    for sound in table.get("sound", ()):
        network = read_toml(DATA / "vaes" / f"{sound}.toml")
        found[OF_SOUND[network["_class_name"]]] = network
    for number, entry in enumerate(table["text_encoders"], 1):
        network = read_toml(DATA / "text_encoders" / f"{entry['network']}.toml")
        folder = "text_encoder" + (f"_{number}" if number > 1 else "")
        found[AFTER_TEXT.get(network["_class_name"], folder)] = network
    return {folder: {key: x for key, x in content.items() if key != "sources"} for folder, content in found.items()}


def index(name):
    """What a released pipeline's index says besides its components."""
    table = read_toml(DATA / "pipelines" / f"{name}.toml")
    expanded = table["transformer"]["_class_name"].endswith(stages.EXPANDED)
    return {
        **({"expand_timesteps": True} if expanded else {}),
        **({"_class_name": table["pipeline"]} if "pipeline" in table else {}),
    }


def as_saved(content):
    """A configuration with the class that diffusers has: the index, not the class, asks for a timestep a token."""
    return {**content, "_class_name": content["_class_name"].removesuffix(stages.EXPANDED)}
