"""The extra `torch`: is it there? Needs nothing itself."""

from __future__ import annotations

from importlib.util import find_spec

from tenure.errors import MissingExtraError


def has_torch() -> bool:
    """Is PyTorch installed?"""
    return find_spec("torch") is not None


def need_torch() -> None:
    """Say what to do where PyTorch is missing.

    Raises:
        MissingExtraError: it is.
    """
    if not has_torch():
        raise MissingExtraError(
            "The heart needs PyTorch, which is not installed; install it: pip install 'tenure[torch]'"
        )
