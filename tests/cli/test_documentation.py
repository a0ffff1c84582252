"""The documents name every command, option and exit code that the program has."""

import re

import pytest

from batchdigits.errors import ExitCode
from tests.conftest import ROOT
from tests.support import commands_page
from tests.support.commands_page import PAGE, RENEW, list_commands, list_options

README = (ROOT / "README.md").read_text(encoding="utf-8")
REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
#: All pages that people wrote.
WRITTEN = "\n".join(
    [README, *(page.read_text("utf-8") for page in (ROOT / "docs").glob("*.md") if page != PAGE)]
)
COMMANDS = dict(list_commands())


def test_the_page_of_commands_is_up_to_date() -> None:
    is_current = PAGE.read_text(encoding="utf-8") == commands_page.render_page()
    assert is_current, f"docs/commands.md is out of date: renew it with {RENEW}"
    assert "docs/commands.md" in README


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_explained_somewhere(name: str) -> None:
    family = name.removesuffix(" list")  # "models" alone does the same
    assert re.search(rf"batchdigits {family}\b", WRITTEN), f"no page shows batchdigits {name}"
    for option in list_options(COMMANDS[name]):
        flags = "|".join(map(re.escape, (*option.opts, *option.secondary_opts)))
        named = re.search(rf"(?<![\w-])({flags})(?![\w-])", WRITTEN)
        assert named, f"no page but docs/commands.md names {flags} of batchdigits {name}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_parameter_has_help(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    for parameter in command.params:
        assert parameter.help and parameter.help.endswith("."), f"{name}: {parameter.name}"


def test_the_table_of_exit_codes_is_complete() -> None:
    section = REFERENCE.partition("\n## Exit codes\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([\d, ]+) \|", section, re.M)
    codes = [int(code) for row in rows for code in row.split(",")]
    assert codes == sorted(ExitCode)


def test_links_between_pages_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for target, anchor in re.findall(r"\]\(([^)#:\s]*)(?:#([^)]*))?\)", text):
            path = page.parent / target if target else page
            assert path.exists(), f"{page.name} links to {target}"
            if anchor:
                titles = re.findall(r"^#+ (.*)", path.read_text(encoding="utf-8"), re.M)
                anchors = [
                    re.sub(r"[^\w -]", "", t).strip().lower().replace(" ", "-") for t in titles
                ]
                assert anchor in anchors, f"{page.name} links to {target}#{anchor}"


def test_the_readme_says_early_what_an_image_holds() -> None:
    lines = README.splitlines()
    assert "one digit" in lines[3].lower() and len(lines) <= 160
