"""Runs signatures of a SavedModel by TensorFlow's C API alone, as TF Serving's loader would.

A program without TensorFlow's Python, NumPy or tfcolor. It reads one JSON object from standard
input, {"libraries": [paths], "model": folder, "runs": [{"feeds": {tensor name: tensor}, "fetches":
[tensor names]}]}, and writes what each run fetched as a list of lists of tensors. A tensor is
{"dtype": number, "shape": [...], "values": ...}: of strings a list in base64, else the bytes of all
numbers in base64.
"""

import base64
import ctypes
import json
import sys

STRING = 7  # DT_STRING
TSTRING_BYTES = 24  # of a TF_TString


class Output(ctypes.Structure):
    """TF_Output: one output of an operation."""

    _fields_ = [("operation", ctypes.c_void_p), ("index", ctypes.c_int)]


class Library:
    """The C API: functions of several libraries by name, which give pointers."""

    def __init__(self, paths):
        self._libraries = [ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL) for path in paths]
        self.status = self.pointer("TF_NewStatus")

    def call(self, name, result, *arguments):
        function = next(f for f in (getattr(lib, name, None) for lib in self._libraries) if f)
        function.restype = result
        return function(*arguments)

    def pointer(self, name, *arguments):
        return ctypes.c_void_p(self.call(name, ctypes.c_void_p, *arguments))

    def size(self, name, *arguments):
        return self.call(name, ctypes.c_size_t, *arguments)

    def check(self):
        if self.call("TF_GetCode", ctypes.c_int, self.status):
            raise SystemExit(self.call("TF_Message", ctypes.c_char_p, self.status).decode())


def output_of(c, graph, name):
    operation, index = name.rsplit(":", 1)
    found = c.pointer("TF_GraphOperationByName", graph, operation.encode())
    assert found, name
    return Output(found, int(index))


def to_tensor(c, told):
    shape, values = told["shape"], told["values"]
    count = len(values) if told["dtype"] == STRING else 0
    raw = b"" if count else base64.b64decode(values)
    size = count * TSTRING_BYTES or len(raw)
    sides = (ctypes.c_int64 * len(shape))(*shape)
    tensor = c.pointer("TF_AllocateTensor", told["dtype"], sides, len(shape), ctypes.c_size_t(size))
    data = c.pointer("TF_TensorData", tensor)
    ctypes.memmove(data, raw, len(raw))
    for index in range(count):
        text = base64.b64decode(values[index])
        place = ctypes.c_void_p(data.value + index * TSTRING_BYTES)
        c.call("TF_StringInit", None, place)
        c.call("TF_StringCopy", None, place, text, ctypes.c_size_t(len(text)))
    return tensor


def from_tensor(c, tensor):
    dtype = c.call("TF_TensorType", ctypes.c_int, tensor)
    rank = c.call("TF_NumDims", ctypes.c_int, tensor)
    shape = [c.call("TF_Dim", ctypes.c_int64, tensor, axis) for axis in range(rank)]
    data = c.pointer("TF_TensorData", tensor)
    size = c.size("TF_TensorByteSize", tensor)
    if dtype == STRING:
        values = []
        for offset in range(0, size, TSTRING_BYTES):
            place = ctypes.c_void_p(data.value + offset)
            text = c.pointer("TF_StringGetDataPointer", place)
            values.append(encoded(text, c.size("TF_StringGetSize", place)))
    else:
        values = encoded(data, size)
    return {"dtype": dtype, "shape": shape, "values": values}


def encoded(data, size):
    return base64.b64encode(ctypes.string_at(data, size)).decode()


def load(c, model):
    """A graph and its session, with what the SavedModel wants to be initialized."""
    graph, options = c.pointer("TF_NewGraph"), c.pointer("TF_NewSessionOptions")
    tags = (ctypes.c_char_p * 1)(b"serve")
    place = (options, None, model.encode(), tags, 1, graph, None, c.status)
    session = c.pointer("TF_LoadSessionFromSavedModel", *place)
    c.check()
    return graph, session


def run(c, graph, session, feeds, fetches):
    inputs = (Output * len(feeds))(*(output_of(c, graph, name) for name in feeds))
    given = (ctypes.c_void_p * len(feeds))(*(to_tensor(c, each).value for each in feeds.values()))
    outputs = (Output * len(fetches))(*(output_of(c, graph, name) for name in fetches))
    made = (ctypes.c_void_p * len(fetches))()
    ends = (inputs, given, len(feeds), outputs, made, len(fetches))
    c.call("TF_SessionRun", None, session, None, *ends, None, 0, None, c.status)
    c.check()
    return [from_tensor(c, ctypes.c_void_p(tensor)) for tensor in made]


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    library = Library(asked["libraries"])
    loaded = load(library, asked["model"])
    json.dump([run(library, *loaded, **each) for each in asked["runs"]], sys.stdout)
