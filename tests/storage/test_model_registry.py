"""Versions of trained models: whole, sealed, promoted and rolled back in one rename."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest

from tenure.errors import MissingRunError, SourceError, UnknownError
from tenure.storage.model_registry import MANIFEST, ModelRegistry


@pytest.fixture
def registry(tmp_path):
    return ModelRegistry(tmp_path / "models", keep=3)


def write(registry, number, *, promote=True):
    models = {"commit": {"weights": np.arange(3.0) + number, "names": np.array(["a", "b"])}}
    return registry.write(f"2026010{number}", {"number": number}, models, {"card.md": "# Card"}, promote=promote)


def test_what_was_written_is_read(registry):
    version = write(registry, 1)
    found = registry.current()
    assert found == version
    assert found.manifest["number"] == 1
    assert found.arrays("commit")["weights"].tolist() == [1.0, 2.0, 3.0]
    assert found.arrays("commit")["names"].tolist() == ["a", "b"]
    assert (found.folder / "card.md").read_text() == "# Card"


def test_nothing_yet_is_said(registry):
    with pytest.raises(MissingRunError, match="tenure evaluate"):
        registry.current()
    with pytest.raises(MissingRunError, match="nothing to go back to"):
        registry.roll_back()


def test_the_first_speaks_and_later_ones_when_promoted(registry):
    first = write(registry, 1, promote=False)
    second = write(registry, 2, promote=False)
    assert registry.current() == first
    assert registry.promote(second.name) == second
    assert registry.current() == second
    assert registry.roll_back() == first
    assert registry.current() == first
    with pytest.raises(MissingRunError):
        registry.roll_back()


def test_the_beginning_of_a_name_is_enough_when_it_is_clear(registry):
    version = write(registry, 1)
    write(registry, 2)
    assert registry.version("20260101") == version
    with pytest.raises(UnknownError, match="version"):
        registry.version("2026")


def test_the_one_in_use_is_never_pruned(registry):
    first = write(registry, 1)
    for number in range(2, 7):
        write(registry, number, promote=False)
    assert registry.current() == first
    assert len(registry.names()) == 3 + 1


@pytest.mark.parametrize("file", ["commit.safetensors", "commit.json", "card.md"])
def test_a_changed_file_is_refused(registry, file):
    version = write(registry, 1)
    content = (version.folder / file).read_bytes()
    (version.folder / file).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(SourceError, match=f"{re.escape(file)}.*changed"):
        registry.current()


def test_a_missing_or_added_file_is_refused(registry):
    version = write(registry, 1)
    (version.folder / "extra.safetensors").write_bytes(b"")
    with pytest.raises(SourceError, match=r"extra\.safetensors"):
        registry.current()
    (version.folder / "extra.safetensors").unlink()
    (version.folder / "card.md").unlink()
    with pytest.raises(SourceError, match=r"card\.md"):
        registry.current()


def test_a_manifest_that_was_changed_with_its_files_is_refused(registry):
    version = write(registry, 1)
    path = version.folder / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | {"number": 2}))
    with pytest.raises(SourceError, match="manifest"):
        registry.current()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "other", "files": {}}', "\x00"])
def test_a_foreign_folder_is_refused(registry, text):
    write(registry, 1)
    foreign = registry.folder / "20990101-abcdef"
    foreign.mkdir()
    (foreign / MANIFEST).write_text(text)
    with pytest.raises(SourceError):
        registry.promote("20990101-abcdef")


def test_a_list_needs_no_more_than_manifests(registry):
    version = write(registry, 1)
    (version.folder / "card.md").write_text("# Cord")
    assert registry.listed(version.name).manifest["number"] == 1
    (version.folder / "card.md").unlink()
    with pytest.raises(SourceError, match=r"card\.md"):
        registry.listed(version.name)


def test_when_the_version_in_use_is_gone_training_anew_helps_and_nothing_speaks_unasked(registry):
    write(registry, 1)
    gone = write(registry, 2)
    shutil.rmtree(gone.folder)
    assert (registry.in_use(), registry.has_current()) == (gone.name, False)
    with pytest.raises(SourceError, match="its folder is missing"):
        registry.current()
    silent = write(registry, 3, promote=False)
    assert registry.in_use() == gone.name
    assert registry.promote(silent.name) == registry.current() == silent
    for name in registry.names():
        shutil.rmtree(registry.folder / name)
    assert write(registry, 4, promote=False) == registry.current(), "the first one always speaks"


def test_an_error_leaves_the_former_version(registry):
    version = write(registry, 1)
    with pytest.raises(AttributeError):
        registry.write("20260102", {}, {"commit": {"weights": "no array"}}, {})
    assert registry.current() == version
    assert registry.names() == [version.name]
