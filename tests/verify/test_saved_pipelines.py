"""Complete configurations, as the real classes save them with every field, are read back as the catalogue has them."""

import json
from functools import lru_cache

import pytest

from ditcarbon_sym.architectures.operators import total
from ditcarbon_sym.catalog import stages
from ditcarbon_sym.catalog.diffusers import from_diffusers
from ditcarbon_sym.catalog.files import DATA, read_toml, shipped_names, shipped_table
from ditcarbon_sym.catalog.index import AFTER_TEXT, OF_SOUND
from fits.ground_truth import references
from fits.reference import counting, text_encoders

RELEASED_AS = references("RELEASED_AS")
ENCODERS = {name: shipped_table("text_encoders", name) for name in shipped_names("text_encoders")}
VAES = {name: shipped_table("vaes", name) for name in shipped_names("vaes")}


@lru_cache
def saved(kind: str, name: str) -> str:
    """The text of the config.json that the real network writes."""
    if kind == "text":
        net = text_encoders.build(ENCODERS[name])
        return str(
            net.to_json_string() if type(net).__name__ in AFTER_TEXT else net.config.to_json_string(use_diff=False)
        )
    table = VAES[name] if kind == "vae" else read_toml(DATA / "pipelines" / f"{name}.toml")["transformer"]
    table = {key: value for key, value in table.items() if key != "sources"}
    released = RELEASED_AS.get(table["_class_name"], table["_class_name"])
    return str(counting.build({**table, "_class_name": released}).to_json_string())


def components(name: str) -> dict[str, tuple[str, str, str]]:
    """Library, class and configuration of each folder of a released pipeline."""
    table = read_toml(DATA / "pipelines" / f"{name}.toml")
    kind = table["transformer"]["_class_name"]
    found = {"transformer": ("diffusers", RELEASED_AS.get(kind, kind), saved("transformer", name))}
    if "copies" in table:
        found["transformer_2"] = found["transformer"]
    if "vae" in table:
        found["vae"] = ("diffusers", VAES[table["vae"]]["_class_name"], saved("vae", table["vae"]))
    for name in table.get("sound", ()):
        kind = VAES[name]["_class_name"]
        found[OF_SOUND[kind]] = ("diffusers", kind, saved("vae", name))
    for number, entry in enumerate(table["text_encoders"], 1):
        folder = "text_encoder" + (f"_{number}" if number > 1 else "")
        kind = ENCODERS[entry["network"]]["_class_name"]
        library = "diffusers" if kind in AFTER_TEXT else "transformers"
        found[AFTER_TEXT.get(kind, folder)] = (library, kind, saved("text", entry["network"]))
    return found


@pytest.mark.parametrize("name", sorted(stages.of_diffusers()))
def test_a_saved_pipeline_is_read_back_as_the_catalogue_has_it(name, tmp_path):
    parts = components(name)
    index = {"_class_name": "APipeline", "scheduler": ["diffusers", "AScheduler"], "feature_extractor": [None, None]}
    if read_toml(DATA / "pipelines" / f"{name}.toml")["transformer"]["_class_name"] in RELEASED_AS:
        index["expand_timesteps"] = True
    for folder, (library, kind, text) in parts.items():
        (tmp_path / folder).mkdir()
        content = {"_name_or_path": "somewhere", "_diffusers_version": "0.35.0", **json.loads(text)}
        (tmp_path / folder / "config.json").write_text(json.dumps(content), encoding="utf-8")
        index[folder] = [library, kind]
    (tmp_path / "model_index.json").write_text(json.dumps(index), encoding="utf-8")

    found, shipped = from_diffusers(tmp_path), stages.shipped(name)
    assert set(found.absent) == set(shipped.absent) and found.copies == shipped.copies
    assert total(found.denoiser.operators()) == total(shipped.denoiser.operators())
    assert (found.decoder is None) == (shipped.decoder is None)
    if found.decoder is not None and shipped.decoder is not None:
        assert total(found.decoder.operators()) == total(shipped.decoder.operators())
    ours, theirs = found.text or (), shipped.text or ()
    assert [total(x.network.operators()) for x in ours] == [total(x.network.operators()) for x in theirs]
