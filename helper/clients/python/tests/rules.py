"""The rules that the packages of all languages share."""

import json
from pathlib import Path

RULES = json.loads((Path(__file__).parents[2] / "testdata" / "rules.json").read_text(encoding="ascii"))
