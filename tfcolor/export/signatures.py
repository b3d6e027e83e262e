"""The signatures of a SavedModel: what TF Serving and its clients call."""

import functools
import json
from collections.abc import Callable, Mapping
from typing import TypeAlias

import keras
import tensorflow as tf

from tfcolor.color.classes import CELL, COUNT
from tfcolor.colorizing import graphs, reduction
from tfcolor.export import encoded
from tfcolor.runtimes import freezing
from tfcolor.serving import contract

Function: TypeAlias = tf.types.experimental.PolymorphicFunction

_ONE = [
    tf.TensorSpec((None, None, 3), tf.uint8),
    tf.TensorSpec((), tf.int32),
    tf.TensorSpec((), tf.float32),
    tf.TensorSpec((), tf.float32),
]


class ServedModule(tf.Module):
    """The module of a SavedModel: a generator behind the signatures of `serving.contract`."""

    def __init__(
        self,
        generator: keras.Model,
        image_size: int,
        stride: int,
        raw: bool = False,
        probabilities: graphs.Probabilities | None = None,
    ) -> None:
        """Takes a generator with its current weights, and its sizes; see `graphs.colorize`.

        Args:
          raw: whether it paints RGB, which another signature returns with its own lightness.
          probabilities: of its logits, see `workdirs.TrainedGenerator`; None if it has none.
        """
        super().__init__(name="tfcolor")
        self._takes_hints = graphs.takes_hints(generator)
        self._generator = _frozen(generator, self._takes_hints, probabilities is not None)
        self._image_size, self._stride = image_size, stride
        self._paints_rgb, self._probabilities = raw, probabilities
        # One function for all signatures, which makes the graph half as large.
        self._colorize = tf.function(self._colorize_one, autograph=False, input_signature=_ONE)

    def signatures(self) -> dict[str, Function]:
        """The signatures by name, for `tf.saved_model.save`."""
        card = json.dumps({"image_size": self._image_size, "stride": self._stride})
        made = {
            "serving_default": self._with_rendering(
                "serving_default", functools.partial(self._files, "png")
            ),
            "jpeg": self._with_rendering("jpeg", functools.partial(self._files, "jpeg")),
            "rgb": self._with_rendering("rgb", self._photographs),
            "planes": _asked("planes", lambda l: {"ab": self._colors(l)}),
            "planes_png": _asked(
                "planes_png",
                lambda l_bytes: {"ab_bytes": encoded.planes_of_files(self._colors, l_bytes)},
            ),
            "card": _asked(
                "card", lambda ask_bytes: {"card_bytes": tf.fill(tf.shape(ask_bytes), card)}
            ),
            "in_color": _asked("in_color", encoded.in_color),
        }
        if self._paints_rgb:
            made["raw"] = _asked("raw", self._raw)
        if self._takes_hints:
            made["hinted_planes"] = _asked(
                "hinted_planes", lambda l, hints: {"ab": self._colors(l, hints)}
            )
            made["hinted_planes_png"] = _asked(
                "hinted_planes_png",
                lambda l_bytes, hints_bytes: {
                    "ab_bytes": encoded.planes_of_files(self._colors, l_bytes, hints_bytes)
                },
            )
        if self._probabilities is not None:
            made["classes"] = _asked(
                "classes", functools.partial(self._classes, self._probabilities)
            )
        return made

    def _with_rendering(self, name: str, answer: Callable[..., dict[str, tf.Tensor]]) -> Function:
        """A signature with photographs and options of rendering, which have defaults."""
        inputs = contract.SIGNATURES[name].inputs
        none, full, same = _defaults(inputs)

        @tf.function(autograph=False, input_signature=_specs(inputs))
        def asked(
            photographs: tf.Tensor,
            size: tf.Tensor = none,
            strength: tf.Tensor = full,
            saturation: tf.Tensor = same,
        ) -> dict[str, tf.Tensor]:
            return answer(photographs, size=size, strength=strength, saturation=saturation)

        return asked

    def _files(self, kind: str, files: tf.Tensor, **rendering: tf.Tensor) -> dict[str, tf.Tensor]:
        """Colorizes files one by one; a broken one gives an error and no file."""
        made, errors = encoded.colorize_files(self._colorize, files, format=kind, **rendering)
        return {f"{kind}_bytes": made, "error": errors}

    def _photographs(self, rgb: tf.Tensor, **rendering: tf.Tensor) -> dict[str, tf.Tensor]:
        """Colorizes photographs of one size, as pixels."""
        with tf.control_dependencies([*_checks_of_pixels(rgb), *_checks_of_rendering(**rendering)]):
            n = tf.shape(rgb)[0]
            options = [encoded.one_each(name, each, n) for name, each in rendering.items()]
            each = [tf.identity(rgb), *options]
        return {"rgb": _one_by_one(lambda one: self._colorize(*one), each)}

    def _classes(
        self, probabilities: graphs.Probabilities, l: tf.Tensor, hints: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Lightness and hints of one size -> the probabilities of color classes."""
        checks = [
            *self._checks_of_planes(l, hints),
            tf.debugging.Assert(
                tf.reduce_all(tf.shape(l)[1:3] % CELL == 0),
                [f"l must have sides that are multiples of {CELL}, got", tf.shape(l)],
            ),
        ]
        if not self._takes_hints:
            text = ["this network takes no hints: they must be zeros"]
            checks.append(tf.debugging.Assert(tf.reduce_all(hints == 0), text))
        with tf.control_dependencies(checks):
            l = tf.identity(l)
        found = graphs.class_probabilities(
            self._generator, l, self._stride, probabilities, hints if self._takes_hints else None
        )
        return {"probabilities": tf.ensure_shape(found, (None, None, None, COUNT))}

    def _raw(self, rgb: tf.Tensor) -> dict[str, tf.Tensor]:
        """Photographs as the network paints them, without their own lightness."""
        sizes = self._image_size, self._stride
        with tf.control_dependencies(_checks_of_pixels(rgb)):
            photographs = [tf.identity(rgb)]
        painted = _one_by_one(
            lambda one: graphs.raw_rgb(self._generator, one[0][None], *sizes)[0], photographs
        )
        return {"rgb": painted}

    def _colorize_one(
        self, rgb: tf.Tensor, size: tf.Tensor, strength: tf.Tensor, saturation: tf.Tensor
    ) -> tf.Tensor:
        """Colorizes one photograph; uint8 (h, w, 3)."""
        return graphs.colorize(
            self._generator,
            rgb,
            image_size=self._image_size,
            stride=self._stride,
            size=size,
            strength=strength,
            saturation=saturation,
        )

    def _colors(self, l: tf.Tensor, hints: tf.Tensor | None = None) -> tf.Tensor:
        """Lightness (n, h, w, 1), with hints (n, h, w, 3) if any -> ab (n, h, w, 2)."""
        with tf.control_dependencies(self._checks_of_planes(l, hints)):
            ab = graphs.colors(self._generator, tf.identity(l), self._stride, hints=hints)
        return tf.ensure_shape(ab, (None, None, None, 2))

    def _checks_of_planes(self, l: tf.Tensor, hints: tf.Tensor | None) -> list[tf.Operation]:
        n, *sides = tf.unstack(tf.shape(l, tf.int64)[:3])
        most = contract.MAX_PLANE
        # As the network sees them: even a single row of pixels is padded to the stride.
        height, width = (side + -side % self._stride for side in sides)
        # Each is checked first: the product of three does not fit into 63 bits.
        fits = (tf.reduce_max([n, height, width]) <= most) & (
            height * width <= most // tf.maximum(n, 1)
        )
        text = f"l must have at most {most} values, its sides being multiples of {self._stride};"
        checks = [tf.debugging.Assert(fits, [f"{text} ask for fewer at a time, got", tf.shape(l)])]
        if hints is not None:
            same = tf.reduce_all(tf.shape(hints)[:3] == tf.shape(l)[:3])
            told = ["hints must be of the size of l, got", tf.shape(hints), "for", tf.shape(l)]
            checks.append(tf.debugging.Assert(same, told))
        return checks


def _frozen(
    generator: keras.Model, takes_hints: bool, classifies: bool
) -> Callable[..., dict[str, tf.Tensor]]:
    """A generator with its weights as constants, all of them in one graph function.

    TensorFlow's C++ loader does not find the variables of a Keras model in a `tf.Module`: they are
    saved twice, and those that are used are not restored.
    """
    names = [name for name in ("ab", "rgb") if name in generator.output]
    names += ["logits"] if classifies else []
    channels = (1, 3) if takes_hints else (1,)
    specs = [tf.TensorSpec((None, None, None, each), tf.float32) for each in channels]

    @tf.function(autograph=False, input_signature=specs)
    def network(*shown: tf.Tensor) -> list[tf.Tensor]:
        outputs = graphs.ask(generator, *shown)
        return [outputs[name] for name in names]

    constant = freezing.as_constants(network.get_concrete_function())

    def frozen(inputs: tf.Tensor | dict[str, tf.Tensor], training: bool) -> dict[str, tf.Tensor]:
        if isinstance(inputs, dict):
            shown = [inputs["l"], inputs["hints"]]
        elif takes_hints:
            shown = [inputs, tf.repeat(tf.zeros_like(inputs), 3, -1)]
        else:
            shown = [inputs]
        return dict(zip(names, constant(*shown), strict=True))

    return frozen


def _one_by_one(paint: Callable[[list[tf.Tensor]], tf.Tensor], each: list[tf.Tensor]) -> tf.Tensor:
    """Photographs painted one after another, which bounds memory; uint8 (n, h, w, 3)."""
    one = tf.TensorSpec((None, None, 3), tf.uint8)
    painted = tf.map_fn(paint, each, parallel_iterations=1, fn_output_signature=one)
    return tf.ensure_shape(painted, (None, None, None, 3))


def _checks_of_pixels(rgb: tf.Tensor) -> list[tf.Operation]:
    sides = tf.shape(rgb, tf.int64)[1:3]
    most, longest = contract.MAX_PIXELS, contract.MAX_SIDE
    fits = (tf.reduce_max(sides) <= longest) & (tf.reduce_prod(sides) <= most)
    return [
        tf.debugging.Assert(
            tf.reduce_min(sides) >= reduction.MIN_SIDE,
            [f"rgb must have sides of at least {reduction.MIN_SIDE} pixels, got", sides],
        ),
        tf.debugging.Assert(
            fits,
            [f"rgb must have at most {most} pixels, {longest} on a side; make it smaller, got"]
            + [sides],
        ),
    ]


def _checks_of_rendering(**rendering: tf.Tensor) -> list[tf.Operation]:
    return [
        tf.debugging.Assert(tf.reduce_all(is_met), [text.removesuffix(" {}"), values])
        for is_met, text, values in encoded.requirements_of_rendering(**rendering)
    ]


def _asked(name: str, answer: Callable[..., dict[str, tf.Tensor]]) -> Function:
    """A signature of the contract: what answers it has inputs of the contract's names."""
    inputs = contract.ALL[name].inputs
    return tf.function(answer, autograph=False, input_signature=_specs(inputs))


def _specs(inputs: Mapping[str, contract.Tensor]) -> list[tf.TensorSpec]:
    return [tf.TensorSpec(each.shape, each.dtype, name) for name, each in inputs.items()]


def _defaults(inputs: Mapping[str, contract.Tensor]) -> list[tf.Tensor]:
    """Default values, (1,), of the inputs that have one; they become part of the SignatureDef."""
    given = [each for each in inputs.values() if each.default is not None]
    return [tf.constant([each.default], each.dtype) for each in given]
