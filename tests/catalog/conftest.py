import json

import pytest

from tests.catalog.released import as_saved, components, index


@pytest.fixture
def config(tmp_path):
    def write(content, name="config.json"):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write


@pytest.fixture
def pipeline(tmp_path):
    def write(name, **more):
        """A folder as diffusers saves it, for a catalogue model."""
        listed = {}
        for folder, content in components(name).items():
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "config.json").write_text(json.dumps(as_saved(content)))
            library = "transformers" if folder.startswith("text") else "diffusers"
            listed[folder] = [library, as_saved(content)["_class_name"]]
        (tmp_path / "model_index.json").write_text(
            json.dumps({"_class_name": "APipeline", **listed, **index(name), **more})
        )
        return tmp_path

    return write
