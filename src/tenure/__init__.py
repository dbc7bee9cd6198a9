"""tenure manages the whole life of a product's users, with a recommender at its centre.

>>> import tenure
>>> sorted(tenure.__all__)
['Project', 'Run', 'TenureError', 'create_project', 'open_project']
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tenure.creation import create_project
    from tenure.errors import TenureError
    from tenure.project import Project, open_project
    from tenure.run import Run

__all__ = ["Project", "Run", "TenureError", "create_project", "open_project"]


def __getattr__(name: str) -> Any:
    """Load on first use, so that `import tenure` costs nothing."""
    if name == "TenureError":
        from tenure.errors import TenureError

        return TenureError
    if name == "create_project":
        from tenure.creation import create_project

        return create_project
    if name in __all__:
        from tenure import project

        return getattr(project, name)
    raise AttributeError(f"module 'tenure' has no attribute '{name}'")
