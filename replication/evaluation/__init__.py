"""How good embeddings are: pure functions on tensors, and the comparison of selectors over seeds.

| function | what it measures |
|---|---|
| `retrieval_metrics`, `retrieval` | the partner of each embedding among all: recall at k, mean reciprocal and median rank |
| `retrieval_partial_auc`, `partial_auc` | right pairs against the highest-scored wrong ones, over all queries together |
| `strict_areas` | the same where few false matches are allowed, as columns of a table |
| `corruption_retrieval` | the right corruption among all corruptions of one image (the paper's main table) |
| `knn_accuracy` | classes of the nearest neighbours |
| `linear_probe_accuracy`, `linear_probe_auc` | classes by logistic regression; also with rare classes |
| `multiclass_auc` | how well scores of classes tell each class from each other one |
| `em_dirichlet`, `matched_classes` | classes of a batch of queries at once, from their `class_probabilities` |
| `recalibrated`, `learned_norms` | batch normalisation with the statistics of other batches, for a while |
| `paired_comparison` | selectors against a baseline, paired over seeds |
| `paired_bootstrap` | one selector against another, over test queries |
| `holm` | p-values of several comparisons, corrected for their number |
"""

from replication.evaluation.auc import multiclass_auc, partial_auc, retrieval_partial_auc, strict_areas
from replication.evaluation.bootstrap import paired_bootstrap
from replication.evaluation.comparison import paired_comparison
from replication.evaluation.corrupted import corruption_retrieval
from replication.evaluation.knn import knn_accuracy
from replication.evaluation.linear_probe import linear_probe_accuracy, linear_probe_auc
from replication.evaluation.probabilities import class_probabilities
from replication.evaluation.recalibrated import learned_norms, recalibrated
from replication.evaluation.retrieval import retrieval, retrieval_metrics
from replication.evaluation.several import holm
from replication.evaluation.transductive import em_dirichlet, matched_classes, released_prior_weight

__all__ = [
    "class_probabilities",
    "corruption_retrieval",
    "em_dirichlet",
    "holm",
    "knn_accuracy",
    "learned_norms",
    "linear_probe_accuracy",
    "linear_probe_auc",
    "matched_classes",
    "multiclass_auc",
    "paired_bootstrap",
    "paired_comparison",
    "partial_auc",
    "recalibrated",
    "released_prior_weight",
    "retrieval",
    "retrieval_metrics",
    "retrieval_partial_auc",
    "strict_areas",
]
