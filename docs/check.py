"""Check the site that was built: every link and image leads to a file, every anchor to a place, nothing to a network.

``python -m docs.check`` checks links; ``python -m docs.check shots`` then photographs a few pages, wide and narrow,
with headless Chromium, into ``build/shots``, for a person to look at.
"""

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urlsplit

from docs.examples import ROOT

SITE = ROOT / "build" / "site"
SHOTS = ROOT / "build" / "shots"
PAGES = ("index.html", "gallery/index.html", "explanation/equations.html", "reference/api/equations.html")
WIDTHS = (1280, 400)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LOADED = ("src", "data-src")
"""Attributes whose files a browser loads by itself."""


class _Page(HTMLParser):
    """The links, the loaded files and the anchors of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag names or loads."""
        found = {name: value for name, value in attrs if value}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag == "link" and "href" in found and found.get("rel") not in ("canonical", "prev", "next"):
            self.loaded.append(found["href"])
        self.loaded += [found[name] for name in LOADED if name in found]


def problems(site: Path) -> list[str]:
    """Return what is wrong with the links of a site, a line each."""
    pages = {path: _Page() for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        page.feed(path.read_text(encoding="utf-8"))
    found = []
    for path, page in pages.items():
        here = path.relative_to(site)
        found += [f"{here} loads {x} from a network" for x in page.loaded if urlsplit(x).netloc]
        for link in (*page.links, *page.loaded):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            if not target.is_relative_to(site.resolve()) or not target.exists():
                if here.name != "404.html":  # its links are absolute, for a server
                    found.append(f"{here} links to {link}, which is not there")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                found.append(f"{here} links to {link}, which has no such place")
    for path in site.rglob("*.css"):
        found += [
            f"{path.relative_to(site)} loads {x}" for x in re.findall(r"url\(['\"]?(https?:[^)]+)", path.read_text())
        ]
    return found


def photograph() -> None:
    """Photograph four pages, wide and narrow; say so if there is no browser."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        print("no pictures of the site were taken: Chromium is not installed (Debian: apt-get install chromium)")
        return
    SHOTS.mkdir(parents=True, exist_ok=True)
    quiet = ("quic", "background-networking", "component-update", "sync", "gpu")
    with TemporaryDirectory() as profile:
        options = [*(f"--disable-{name}" for name in quiet), "--headless", "--no-sandbox", "--no-first-run",
                   "--hide-scrollbars", "--virtual-time-budget=4000", f"--user-data-dir={profile}"]  # fmt: skip
        for name, width in product(PAGES, WIDTHS):
            out = SHOTS / f"{Path(name).with_suffix('').as_posix().replace('/', '-')}-{width}.png"
            shot = [f"--window-size={width},{width + 700}", f"--screenshot={out}", (SITE / name).resolve().as_uri()]
            subprocess.run([browser, *options, *shot], check=True, capture_output=True, timeout=120)
            print(f"wrote {out.relative_to(ROOT)}")


def main(wanted: list[str]) -> int:
    """Print what is wrong; return 1 if anything is."""
    found = problems(SITE)
    print("\n".join([*found, f"{len(list(SITE.rglob('*.html')))} pages, {len(found)} broken links"]))
    if "shots" in wanted:
        photograph()
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
