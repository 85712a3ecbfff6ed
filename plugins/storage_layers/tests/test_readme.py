"""The examples in the README are valid, and its tables list every option."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from entrepot_contract import StorageDriver
from entrepot_contract.toolkit.nesting import open_inner
from entrepot_storage_layers import CacheDriver, ChaosDriver, EncryptDriver, MirrorDriver

README = (Path(__file__).parent.parent / "README.md").read_text()


@pytest.mark.parametrize("layer", [CacheDriver, MirrorDriver, EncryptDriver, ChaosDriver])
def test_a_layer_is_described_with_an_example_and_all_its_options(layer: type[StorageDriver], keyfile: str) -> None:
    part = README.split(f"\n## {layer.name}\n")[1].split("\n## ")[0]
    example = re.findall(r"```yaml\n(.+?)```", part, re.DOTALL)[0].replace("/etc/entrepot/storage.key", keyfile)
    assert f"{layer.name}:" in example
    open_inner("readme", "storage", yaml.safe_load(example)["storage"]).close()
    for option in layer.Options.model_fields:
        assert f"{option}:" in example or f"| `{option}` |" in part
