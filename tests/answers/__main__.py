"""Write what the package answers now: ``python -m tests.answers [NAME ...]``, with the names of transcripts."""

import os
import sys
import tempfile
from pathlib import Path

from . import signatures, values
from .transcripts import KEPT, difference, pieces, told

os.environ["COLUMNS"] = "200"
for path in KEPT:
    if sys.argv[1:] and path.stem not in sys.argv[1:]:
        continue
    text = path.read_text(encoding="utf-8")
    whole = [text.partition("$ ")[0]]
    for line, shown in pieces(text):
        with tempfile.TemporaryDirectory() as folder:
            printed = told(line, Path(folder))
        whole.append(f"$ {line}\n{printed if difference(shown, printed) else shown}")
    path.write_text("".join(whole), encoding="utf-8")
    print(f"wrote {path.name}: {len(whole) - 1} answers", flush=True)
values.write()
signatures.write()
