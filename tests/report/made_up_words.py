"""What all made-up tables share: the moment, the stages, and a hostile name."""

from __future__ import annotations

from datetime import datetime

AS_OF = datetime.fromisoformat("2017-12-01")  # naive = UTC, as everywhere in the log
HOSTILE = "<script>alert('x')</script>"
STAGES = ("acquired", "activated", "retained", "growing", "advocate", "at_risk", "dormant", "churned", "resurrected")
