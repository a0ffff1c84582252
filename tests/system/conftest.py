"""Fixtures of what several tests of files need."""

import pytest

from batchdigits.system.safe_files import safe_open as module


@pytest.fixture(params=["openat2", "folder by folder"])
def both_ways_of_opening(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have files of a folder opened as this kernel does, and as an older one."""
    if request.param == "folder by folder":
        monkeypatch.setattr(module, "_open_through_no_link", module._open_folder_by_folder)
    elif module._open_through_no_link is module._open_folder_by_folder:
        pytest.skip("this kernel has no openat2")
