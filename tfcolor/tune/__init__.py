"""Hyperparameter search by Optuna; extra `tune`."""
