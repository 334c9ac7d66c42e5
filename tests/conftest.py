"""Fixtures that several files of tests use."""

import shutil

import pytest

from tests.browser_tools import browser, jupyter, lab_page, page_at, page_of  # noqa: F401
from tests.lab_tools import ROOT, load_lab


@pytest.fixture
def lab(tmp_path):
    (tmp_path / "notebooks").mkdir()
    for name in ("requirements.txt", "constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return load_lab(tmp_path)
