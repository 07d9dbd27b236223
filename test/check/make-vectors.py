"""Makes confident.json: what the authors' cleanlab says of made probabilities (pip install cleanlab).

    python test/check/make-vectors.py > test/check/confident.json
"""

import json

import cleanlab
import numpy as np
from cleanlab.filter import find_label_issues


def case(seed, images, classes, sharpness, noise):
    rng = np.random.default_rng(seed)
    true = rng.integers(0, classes, images)
    labels = np.where(rng.random(images) < noise, rng.integers(0, classes, images), true)
    logits = rng.normal(size=(images, classes)) + sharpness * np.eye(classes)[true]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    # As many digits as the file has.
    probabilities = np.round(probabilities, 6)
    issues = find_label_issues(
        labels, probabilities, filter_by="confident_learning", return_indices_ranked_by="normalized_margin", n_jobs=1
    )
    return {"labels": labels.tolist(), "probabilities": probabilities.tolist(), "issues": issues.tolist()}


cases = [case(1, 60, 2, 1.5, 0.2), case(2, 80, 5, 2.0, 0.15), case(3, 40, 3, 0.3, 0.5)]
print(json.dumps({"cleanlab": cleanlab.__version__, "cases": cases}))
