"""Missing libraries: one sentence with the pip line, and nothing imported to find out."""

import subprocess
import sys

import pytest

from batchdigits.errors import ExitCode, MissingExtraError
from batchdigits.system.extras import Extra, is_installed, require_extra


def test_an_installed_library_passes() -> None:
    require_extra("numpy", "train", "Counting")


@pytest.mark.parametrize(
    ("module", "extra", "sentence"),
    [
        ("tensorflow", "train", "It needs TensorFlow: pip install 'batchdigits[train]'."),
        ("tf_keras", "train", "It needs tf-keras: pip install 'batchdigits[train]'."),
        ("matplotlib", "charts", "It needs matplotlib: pip install 'batchdigits[charts]'."),
        ("pandas", "dataframe", "It needs pandas: pip install 'batchdigits[dataframe]'."),
        ("onnxruntime", "onnx", "It needs ONNX Runtime: pip install 'batchdigits[onnx]'."),
    ],
)
def test_a_missing_library_is_told_with_the_line_that_installs_it(
    module: str, extra: Extra, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError) as caught:
        require_extra(module, extra, "It")
    assert str(caught.value) == sentence
    assert caught.value.exit_code is ExitCode.MISSING_EXTRA


@pytest.mark.integration
def test_a_library_is_found_without_being_imported() -> None:
    code = (
        "import sys; from batchdigits.system.extras import is_installed;"
        "assert is_installed('tensorflow') and is_installed('pandas');"
        "assert not {'tensorflow', 'pandas', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_nothing_of_that_name_is_not_installed() -> None:
    assert not is_installed("no_such_library_anywhere")
