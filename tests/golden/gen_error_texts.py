#!/usr/bin/env python3
"""Makes error_texts.json: what Keras answers to the mistakes of error_cases.py.

    tests/golden/gen_error_texts.py     # Keras 3.15.1 on JAX

Of each text it notes the facts: names, shapes, values, numbers of axes. Danlu's text for the same
mistake has to contain every one (error_texts_test.cpp), except those that are waived: pieces of
Python or of its frameworks, for all texts in WAIVED, for one in error_cases.py with the reason.
"""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import common  # noqa: E402, F401
import keras  # noqa: E402
from error_cases import CASES, FOLDER, WAIVED_IN  # noqa: E402

SHAPE = r"\((?:None|-?\d+),\)|\((?:None|-?\d+)(?:, ?(?:None|-?\d+))+\)|\[(?:None|-?\d+)(?:, ?(?:None|-?\d+))+\]"
RANK = r"ndim=\d+|(?<=rank )\d+"
# "filepath=x.keras", "Received: full", "identifier: rleu", "argument: fan_all", "No such layer: top"
VALUE = r"(?:filepath=|[Rr]eceived:? |identifier: |argument: |layer: )(?![\w.]+=)([\w./\-]*\w)(?=[.,\s]|$)"
QUOTED = r"\"([^\"\n]{1,60})\"|'([^'\n]{1,60})'|`([^`\n]{1,60})`"
NUMBER = r"(?<![\w.])-?\d+(?:\.\d+)?(?:e-?\d+)?(?!\w)"

# Words behind "received" that are none of its values.
FILLERS = {"expected", "an", "for", "shapes", "tensors", "input"}

# What says nothing about the mistake, or only about Python.
WAIVED = [
    r"(?s)Exception encountered when calling \S+\n\n",
    r"(?s)\n\nArguments received by .*",
    r"\x1b\[\d*m",
    r"Input 0 with name 'None' of",
    r"Input 0 with name ",
    r"\(of type \w+\)",
    r", including values \{[^}]*\} that do not satisfy `[^`]*`",
    r" All operation names should be unique.",
    r"Update the `name` argument",
    r"Pass inputs as a dict.*",
    r"You called `set_weights\(weights\)` on",
    r"\(`x1.shape\[-1\]` and `x2.shape\[-2\]`\)",
    r"\[Errno \d+\]", r"errno = \d+", r"flags = \d+", r"o_flags = \d+",
    r"(?s)<(Variable|Dense) .*?>(?=\n|$|:|\])",
    r"Please use one of",
    r"can't be found in either the model's output \(`y_pred`\) or in the labels \(`y_true`\)",
    r" or match the output structure of the model: \['X'.*\]",
    r"`variable.assign\(value\)`",
    r"(?s)could not be deserialized properly\..*Exception encountered: ",
    r"(?s)Full object config: .*", r"<class '[^']*'>", r"`@keras[^`]*`",
    r"(?s)\(note that your .*",
    r"A total of \d+ objects could not be loaded.",
]


def facts_of(text):
    """Names, shapes, numbers of axes and values, in the order in which they stand."""
    for pattern in WAIVED:
        text = re.sub(pattern, " ", text)
    found = []
    for pattern in (SHAPE, RANK, QUOTED, VALUE, NUMBER):
        for match in re.finditer(pattern, text):
            word = next((group for group in match.groups() if group is not None), match.group(0))
            # "padding=valid" and "strides > 1" are a name and a value each.
            if pattern is RANK and not word.startswith("ndim="):
                word = "ndim=" + word
            parts = re.split(r"[=<>]+", word) if pattern is QUOTED else [word]
            found += [(match.start(), part.strip()) for part in parts]
        text = re.sub(pattern, lambda match: " " * len(match.group(0)), text)
    return list(dict.fromkeys(word for _, word in sorted(found) if word and word not in FILLERS))


def main():
    told = {}
    for name, make in CASES.items():
        keras.utils.clear_session()
        try:
            make()
        except Exception as error:
            text = re.sub(r"\x1b\[\d*m", "", str(error)).replace(str(FOLDER) + "/", "")
            waived = WAIVED_IN.get(name, {})
            facts = facts_of(text)
            unknown = set(waived) - set(facts)
            assert not unknown, f"{name}: Keras does not say {unknown}: {facts}"
            told[name] = {
                "error": type(error).__name__,
                "text": re.sub(r"(?s)config=\{.*\}\.|Full object config: .*|\[\[[\s\d.e\-\[\]]*\]\]", "…", text),
                "facts": [fact for fact in facts if fact not in waived],
            }
        else:
            raise AssertionError(f"{name}: Keras says nothing")
    path = HERE / "error_texts.json"
    path.write_text(json.dumps({"keras": keras.__version__, "cases": told}, indent=1,
                               ensure_ascii=False) + "\n")
    facts = sum(len(entry["facts"]) for entry in told.values())
    print(f"{len(told)} mistakes, {facts} facts")
    if "--print" in sys.argv:
        for name, entry in told.items():
            print(f"{name}: {entry['facts']}")


if __name__ == "__main__":
    main()
