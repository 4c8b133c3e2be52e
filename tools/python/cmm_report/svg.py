"""SVG text: a name for screen readers, and what it needs to stand in a page."""

import re
from html import escape


def with_title(svg, name, description):
    """Give an SVG a name and a description that screen readers find; drop the metadata."""
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    words = f"<title>{escape(name)}</title>\n <desc>{escape(description)}</desc>"
    return re.sub(r"(<svg\b[^>]*?)>", rf'\1 role="img">\n {words}', svg, count=1)


def inline(svg, prefix):
    """Make an SVG fit to stand in a page: no prologue, no fixed size, names that no other SVG uses."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'(<svg\b[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg\b[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    return re.sub(r'(href="|url\()#', rf"\1#{prefix}-", svg)
