"""JSON of a file, made harmless: no depth, number or character that a page or a plot cannot show."""

import json
import math
import stat
from pathlib import Path

from cmm.printable import printable

from .errors import BadInput

AGAIN = "run tools/bench to get a new one"
GIVE = "give a results.json of tools/bench"
DEEPEST = 30  # what tools/bench writes is nested 7 deep
LARGEST = 1e30  # times, rates and sizes are far below


def parsed(path):
    """The content of a file; raises BadInput with one sentence where it cannot be read."""
    try:
        content = json.loads(text_of(Path(path)))
    except json.JSONDecodeError as error:
        raise not_json(path, error) from error
    except RecursionError as error:
        raise BadInput(f"{path} is nested too deep for a result; {GIVE}") from error
    except ValueError as error:  # an integer of thousands of digits
        raise BadInput(f"{path} has a number that is none of a result ({error}); {AGAIN}") from error
    return harmless(content, path)


def text_of(path):
    """The text of a regular file; a named pipe would never end."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise BadInput(f"{path} cannot be read, for it is no regular file; {GIVE}")
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError):
            raise BadInput(f"{path} is no text, so no result; {GIVE}") from error
        raise BadInput(
            f"{path} cannot be read ({getattr(error, 'strerror', None) or error}); {GIVE}"
        ) from error


def not_json(path, error):
    """What is wrong with a text that is no JSON."""
    body = error.doc.strip()
    if body.startswith("{") and (not body.endswith("}") or error.pos >= len(error.doc.rstrip()) - 1):
        return BadInput(f"{path} ends in the middle, at line {error.lineno}: it is truncated; {AGAIN}")
    where = f"line {error.lineno}, column {error.colno}"
    return BadInput(f"{path} is not JSON ({error.msg} at {where}); {GIVE}")


def harmless(value, path, depth=0):
    """The same content with texts of one printable line; raises BadInput where it is none of a result."""
    if depth > DEEPEST:
        raise BadInput(f"{path} is nested too deep for a result; {GIVE}")
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {printable(key): harmless(one, path, depth + 1) for key, one in value.items()}
    if isinstance(value, list):
        return [harmless(one, path, depth + 1) for one in value]
    if isinstance(value, int | float) and not (math.isfinite(number(value)) and abs(value) <= LARGEST):
        raise BadInput(f"{path} has the number {shown(value)}, which is none of a result; {AGAIN}")
    return value


def number(value):
    """As a floating-point number, infinite where it is too large for one."""
    try:
        return float(value)
    except OverflowError:
        return math.inf


def shown(value):
    """The beginning of a number."""
    return text if len(text := str(value)) <= 20 else f"{text[:20]}…"
