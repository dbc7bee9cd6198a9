"""How pages are filled in: templates of this room, with everything from outside escaped."""

from __future__ import annotations

import jinja2


def environment() -> jinja2.Environment:
    """The templates; a name that a template uses and nobody gave is an error."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("tenure.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
