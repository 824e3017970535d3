from hashlib import sha256

from ditcarbon_sym.estimation.footprint import manifest
from ditcarbon_sym.estimation.footprint.manifest import hash_of, hash_of_data


def test_the_hash_of_the_data_moves_with_each_name_and_each_byte(tmp_path, monkeypatch):
    def hashed():
        hash_of_data.cache_clear()
        return hash_of_data()

    shipped = hashed()
    monkeypatch.setattr(manifest, "DATA", tmp_path)
    assert hashed() == sha256().hexdigest() != shipped
    (tmp_path / "gpus").mkdir()
    (tmp_path / "gpus" / "a.toml").write_text("tdp_watt = 1", encoding="utf-8")
    one = hashed()
    assert one == sha256(b"gpus/a.toml\0tdp_watt = 1").hexdigest()
    (tmp_path / "notes.md").write_text("no data", encoding="utf-8")
    assert hashed() == one
    (tmp_path / "gpus" / "a.toml").rename(tmp_path / "gpus" / "b.toml")
    assert hashed() != one
    hash_of_data.cache_clear()


def test_the_hash_of_a_file_is_that_of_its_bytes_and_a_folder_has_none(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"model\n")
    assert hash_of(tmp_path / "a.csv") == sha256(b"model\n").hexdigest()
    assert hash_of(tmp_path) == "folder"
