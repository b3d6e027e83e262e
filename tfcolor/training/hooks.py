"""What a program can hang into a run, such as a logger of experiments."""

from collections.abc import Mapping


class Callback:
    """Hooks of a run; a subclass overrides what it needs.

    Of several machines only the first calls them.
    """

    def on_log(self, step: int, values: Mapping[str, float]) -> None:
        """Takes the metrics of a step, every `log_every_steps` steps.

        Args:
          step: of the run, counted through all stages.
          values: tag, as in TensorBoard, -> value; such as "train/g_loss".
        """

    def on_validation(self, step: int, values: Mapping[str, float]) -> bool | None:
        """Takes the figures of a validation, such as "val/ab_error"; True stops the run there.

        A run that was stopped can be resumed.
        """
