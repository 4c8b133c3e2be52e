"""SVG text: a name for screen readers, and what it needs to stand in a page."""

import re
from html import escape


def with_title(svg, name, description):
    """Give an SVG a name and a description that screen readers find; drop the metadata."""
    svg = shortened(re.sub(r"\s*<metadata>.*?</metadata>", "", svg, flags=re.DOTALL))
    words = f"<title>{escape(name)}</title>\n <desc>{escape(description)}</desc>"
    return re.sub(r"(<svg\b[^>]*?)>", lambda found: f'{found[1]} role="img">\n {words}', svg, count=1)


def shortened(svg):
    """Write places with two decimals: less than a hundredth of a point is seen by nobody."""

    def rounded(attribute):
        return re.sub(r"-?\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", attribute[0])

    return re.sub(r'\b(?:d|x|y|transform)="[^"]*"', rounded, svg)


def renamed(svg, prefix):
    """Give the elements names in the order they stand, because matplotlib's depend on where memory lay."""
    names = dict.fromkeys(re.findall(r'\bid="([^"]*)"', svg))
    numbers = {name: f"{prefix}{which}" for which, name in enumerate(names)}
    svg = re.sub(r'\bid="([^"]*)"', lambda found: f'id="{numbers[found[1]]}"', svg)
    return re.sub(r'(href="|url\()#([^")]*)', lambda found: f"{found[1]}#{numbers[found[2]]}", svg)


def inline(svg, prefix):
    """Make an SVG fit to stand in a page: no prologue, no fixed size, names that no other SVG uses."""
    svg = svg[svg.index("<svg") :]
    for attribute in ("width", "height"):
        svg = re.sub(rf'(<svg\b[^>]*?) {attribute}="[^"]*"', r"\1", svg, count=1)
    return renamed(svg, f"{prefix}-")
