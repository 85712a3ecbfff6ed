"""The configuration reference matches the models, and each of its keys has a description."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from entrepot.config.model import Configuration
from entrepot.config.reference import reference

PAGE = Path(__file__).parents[2] / "docs/configuration-reference.md"
ROWS = re.findall(r"^\| `(.+?)` \| (.+) \| (.*) \| (.*) \|$", reference(), re.MULTILINE)
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", reference(), re.MULTILINE | re.DOTALL)


def test_the_page_is_what_the_generator_writes() -> None:
    assert PAGE.read_text() == reference(), (
        "run python -m entrepot.config.reference > docs/configuration-reference.md and commit the page"
    )


@pytest.mark.parametrize(("key", "kind", "default", "description"), ROWS, ids=[row[0] for row in ROWS])
def test_a_key_has_a_type_and_a_description(key: str, kind: str, default: str, description: str) -> None:
    assert re.fullmatch(r"[a-z0-9`.\\| -]+", kind), "add the type to the words of entrepot.config.reference"
    assert default == "" or default == "required" or re.fullmatch(r"`[^`]+`", default)
    assert description.endswith("."), f"add Field(description=...) to the model of {key}"


def test_every_section_has_an_example() -> None:
    shown = {name for example in EXAMPLES for name in yaml.safe_load(example)}
    assert shown == set(Configuration.model_fields) - {"version", "loglevel"}
