"""How files are written."""

import os
import stat
import subprocess

from ditcarbon_sym.reports.formats import write_atomically


def test_what_is_written_follows_links_keeps_permissions_and_leaves_devices_what_they_are(tmp_path):
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.write_text("old")
    target.chmod(0o600)
    link.symlink_to(target)
    write_atomically(link, "new")
    assert link.is_symlink() and target.read_text() == "new" and target.stat().st_mode & 0o777 == 0o600
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE, text=True)
    write_atomically(pipe, "through")
    assert reader.communicate(timeout=30)[0] == "through" and stat.S_ISFIFO(pipe.stat().st_mode)
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "fresh.txt", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "fresh.txt").stat().st_mode & 0o777 == 0o640
    assert {x.name for x in tmp_path.iterdir()} == {"target.txt", "link.txt", "pipe", "fresh.txt"}
