"""The releases: CHANGELOG.md as a page."""

from docs.examples import ROOT


def pages() -> dict[str, str]:
    """Return the page."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    return {"changelog.md": text.replace("# Changelog", "# Releases", 1)}
