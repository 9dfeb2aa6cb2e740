"""Why a parameter of LightGBM is not among ours: what a person reads who asks for it."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

REFUSED = {
    "it is called n_estimators here": "num_iterations",
    "set `seed`, which all stages share": "seed",
    "set `threads`, which all stages share": "num_threads",
    "the model would depend on the number of threads": """
        data_sample_strategy top_rate other_rate linear_tree linear_lambda force_row_wise""",
    "training would stop on the scores that are then reported": """
        early_stopping_round early_stopping_min_delta first_metric_only""",
    "scores are the metrics of `evaluate`": "metric multi_error_top_k auc_mu_weights",
    "it is for classes or ranks, and targets are numbers": """
        num_class is_unbalance scale_pos_weight sigmoid pos_bagging_fraction neg_bagging_fraction
        bagging_by_query lambdarank_truncation_level lambdarank_norm lambdarank_position_bias_regularization
        label_gain eval_at""",
    "it changes nothing, since features are dense and never missing": "use_missing is_enable_sparse",
    "a model is trained once, from nothing": "refit_decay_rate",
    "importance is total gain, in models/importance.csv": "saved_feature_importance_type",
    "training reads what `bin` wrote, and no other file": """
        data valid header label_column weight_column group_column ignore_column pre_partition two_round
        forcedsplits_filename forcedbins_filename precise_float_parser parser_config_file""",
    "training runs on the processor of one machine": """
        tree_learner top_k num_machines local_listen_port time_out machine_list_filename machines
        gpu_platform_id gpu_device_id gpu_device_id_list gpu_use_dp num_gpu""",
}
"""Reason -> names."""

REASONS = {name: reason for reason, names in REFUSED.items() for name in names.split()}


def refuse(section: str, given: Any, reasons: Mapping[str, str]) -> None:
    """Raise a ValidationError for `section` with the reason of every given parameter that has one."""
    if not isinstance(given, Mapping):
        return
    problems = [
        InitErrorDetails(
            type=PydanticCustomError("refused", "cannot be chosen: {reason}", {"reason": reasons[name]}),
            loc=(name,),
            input=value,
        )
        for name, value in given.items()
        if name in reasons
    ]
    if problems:
        raise ValidationError.from_exception_data(section, problems)
