"""CDNOW with nothing but a column map: the command does it, and the published numbers come out exact.

Sources: lifecycle and cohorts of the CDNOW master file as PostHog's rules define them.
"""

from __future__ import annotations

import json

import pytest

from tenure.cli import run

GROWTH = {  # month: new, returning, resurrecting, dormant
    "1997-01-01": (7846, 0, 0, 0),
    "1997-02-01": (8476, 1157, 0, -6689),
    "1997-03-01": (7248, 1681, 595, -7952),
    "1997-04-01": (0, 1773, 1049, -7751),
    "1997-05-01": (0, 852, 1362, -1970),
    "1997-12-01": (0, 632, 1232, -1396),
    "1998-06-01": (0, 446, 1060, -1042),
}
RETENTION = {  # cohort: per cent of it that is back in month 1 to 7
    "1997-01-01": [14.75, 12.29, 10.32, 8.65, 9.38, 9.18, 7.42],
    "1997-02-01": [15.48, 11.56, 9.24, 9.99, 9.27, 7.39, 7.30],
    "1997-03-01": [14.24, 10.38, 10.43, 9.30, 7.78, 7.74, 7.99],
}


@pytest.fixture(scope="module")
def project(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cdnow") / "shop"
    source = str(shared_data / "cdnow" / "CDNOW_master.txt")
    assert run(["init", str(folder), "--events", source, "--map", "user_id=customer_id,timestamp=date"]) == 0
    assert run(["run", "--project", str(folder)]) == 0
    return str(folder)


def read(capsys, *arguments):
    assert run([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_every_record_is_kept(project, capsys):
    quality = read(capsys, "check", "--project", project)
    assert (quality["n_in"], quality["n_kept"], quality["n_users"]) == (69_659, 69_659, 23_570)


def test_growth_accounting(project, capsys):
    rows = {row["period_start"][:10]: row for row in read(capsys, "flow", "--project", project)["growth"]}
    for month, expected in GROWTH.items():
        row = rows[month]
        assert tuple(row[f"n_{name}"] for name in ("new", "returning", "resurrecting", "dormant")) == expected


def test_cohorts(project, capsys):
    cells = {
        (row["cohort_start"][:10], row["age"]): row["rate"] for row in read(capsys, "cohorts", "--project", project)
    }
    for cohort, expected in RETENTION.items():
        assert [round(100 * cells[cohort, age], 2) for age in range(1, 8)] == expected


def test_what_cannot_be_done_is_said(project, capsys):
    assert run(["recommend", "00003", "--project", project]) == 2
    assert "names an item" in capsys.readouterr().err
