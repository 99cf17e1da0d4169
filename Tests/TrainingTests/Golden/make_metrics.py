"""Writes metrics.npz: logits, labels, and what scikit-learn and numpy make of them.

    python3 make_metrics.py        # numpy 2.4, scikit-learn 1.9
"""

import numpy
from sklearn.calibration import calibration_curve
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

random = numpy.random.default_rng(20260101)
arrays = {}


def add(name, logits, labels, threshold=0.0):
    logits = logits.astype(numpy.float32)
    exact = logits.astype(numpy.float64)
    score = 1 / (1 + numpy.exp(-exact))
    score = numpy.clip(score, threshold, 1 - threshold)
    rate = labels.mean()
    loss = (numpy.logaddexp(0, -exact) * labels + numpy.logaddexp(0, exact) * (1 - labels)).mean()
    if threshold > 0:
        loss = log_loss(labels, score)
    else:
        assert abs(loss - log_loss(labels, score)) < 1e-9 or score.max() == 1
    entropy = -(rate * numpy.log(rate) + (1 - rate) * numpy.log(1 - rate))
    arrays[f"{name}.logits"] = logits
    arrays[f"{name}.labels"] = labels.astype(numpy.float32)
    arrays[f"{name}.threshold"] = numpy.float32([threshold])
    arrays[f"{name}.summary"] = numpy.array([
        loss,
        accuracy_score(labels, exact > 0),
        roc_auc_score(labels, logits),
        loss / entropy,
        score.mean(),
        score.mean() / rate,
    ])
    observed, predicted = calibration_curve(labels, score, n_bins=20, strategy="uniform")
    counts = numpy.bincount(numpy.minimum((score * 20).astype(int), 19), minlength=20)
    arrays[f"{name}.bin_counts"] = counts.astype(numpy.int64)
    arrays[f"{name}.bin_rates"] = observed
    arrays[f"{name}.bin_predictions"] = predicted


logits = random.normal(-1.2, 1.1, 5000)
labels = (random.random(5000) < 1 / (1 + numpy.exp(-logits))).astype(int)
add("calibrated", logits, labels)
add("ties", numpy.round(logits), labels)
add("reversed", -logits, labels)
add("saturated", logits * 40, labels)
add("clamped", logits * 3, labels, threshold=0.01)
add("constant", numpy.zeros(5000) - 1, labels)
add("two", numpy.array([0.0, 0.25]), numpy.array([0, 1]))
numpy.savez_compressed("metrics.npz", **arrays)
