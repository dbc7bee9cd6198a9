"""The report: one HTML page that tells everything a run found."""

from tenure.report.build import build_report
from tenure.report.results import Results, Story

__all__ = ["Results", "Story", "build_report"]
