"""What mkdocs is given besides the pages: everything that the package itself can tell.

Each part returns pages and images by their path in the site. A part whose pages stand in the navigation under a heading
of their own also returns their titles.
"""

import logging
import os
import time
from typing import Any

from mkdocs.structure.files import File, Files

from docs.generated import api, changes, commands, data, equations, formats, gallery, networks, notebooks

Pages = dict[str, str | bytes]
PARTS = {
    "Gallery": gallery,
    "Notebooks": notebooks,
    "Explanation": equations,
    "API": api,
    "": commands,
    " ": data,
    "  ": formats,
    "   ": changes,
    "    ": networks,
}
"""Heading of the navigation that gets a part's pages; spaces for a part whose pages the navigation names itself."""
SHIM = "https://unpkg.com/iframe-worker/shim"
_MADE: dict[str, Pages] = {}
log = logging.getLogger("mkdocs.docs")


def on_config(config: Any) -> Any:
    """Make all pages, and put those of a part under its heading."""
    os.environ["MPLBACKEND"], os.environ["COLUMNS"] = "agg", "80"
    for heading, part in PARTS.items():
        begun = time.monotonic()
        _MADE[heading] = part.pages()
        log.info("%s: %d files in %.1f s", part.__name__, len(_MADE[heading]), time.monotonic() - begun)
        if heading.strip():
            _under(config.nav, heading, part.titles())
    return config


def _under(nav: list[Any], heading: str, titles: dict[str, str]) -> None:
    """Add pages to the list under a heading of the navigation, wherever it stands."""
    for entry in nav:
        for name, inside in entry.items() if isinstance(entry, dict) else ():
            if name == heading:
                inside += [{title: path} for path, title in titles.items()]
            elif isinstance(inside, list):
                _under(inside, heading, titles)


def on_post_page(output: str, page: Any, config: Any) -> str:
    """Let the search of files without a server load its worker from this site, not from a network."""
    return output.replace(SHIM, f"{'../' * page.file.dest_uri.count('/')}assets/iframe-worker.js")


def on_post_template(output_content: str, template_name: str, config: Any) -> str:
    """The same for the page of what is not found."""
    return output_content.replace(SHIM, "assets/iframe-worker.js")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that were made."""
    for made in _MADE.values():
        for path, content in made.items():
            files.append(File.generated(config, path, content=content))
    return files
