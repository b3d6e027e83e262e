"""Files of PyTorch, read without it: two that it wrote, and ones that must not be believed."""

import io
import pickle
import pickletools
import zipfile

import make_inception
import numpy as np
import pytest

from tfcolor.evaluation.features import torch_file

FILES = ["state-zip.pth", "state-stream.pth"]  # of PyTorch 1.6 and later, and before


@pytest.mark.parametrize("name", FILES)
def test_every_tensor_of_a_file_that_pytorch_wrote_is_read(name):
    expected = make_inception.small_tensors()
    expected["turned"] = expected["layer.weight"].transpose(2, 0, 1)
    expected["part"] = expected["layer.bias"][1:4]
    state = torch_file.read(make_inception.FOLDER / name)
    assert state.keys() == expected.keys()
    for key, values in expected.items():
        np.testing.assert_array_equal(state[key], values, err_msg=key)
        assert state[key].dtype == values.dtype, key


@pytest.mark.parametrize("zipped", [True, False])
def test_what_an_installed_pytorch_writes_is_read(zipped, tmp_path):
    torch = pytest.importorskip("torch")
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    path = tmp_path / "network.pth"
    torch.save(network.state_dict(), path, _use_new_zipfile_serialization=zipped)
    state = torch_file.read(path)
    assert state.keys() == network.state_dict().keys()
    for name, tensor in network.state_dict().items():
        np.testing.assert_array_equal(state[name], tensor.numpy())


class Call:
    """Something that a pickle asks to have called."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def zipped(path, pickled):
    """A file of PyTorch's zip format with this pickle and one storage of 6 float32."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("state/data.pkl", pickled)
        archive.writestr("state/data/0", np.arange(6, dtype=np.float32).tobytes())
    return path


def tensor(shape, strides, offset=0, count=6):
    """The pickle of a state dict with one tensor, written by the names that PyTorch uses."""

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return value if isinstance(value, tuple) and value[:1] == ("storage",) else None

        def reducer_override(self, value):
            if isinstance(value, Call):
                return value.function, value.arguments
            return NotImplemented

    file = io.BytesIO()
    storage = ("storage", "FLOAT", "0", "cpu", count)
    Pickler(file, 2).dump({"x": Call(print, storage, offset, shape, strides, False, None)})
    named = file.getvalue().replace(
        b"c__builtin__\nprint\n", b"ctorch._utils\n_rebuild_tensor_v2\n"
    )
    assert named != file.getvalue(), pickletools.dis(named)
    # The type of the storage is a name too: text of that name becomes the name itself.
    return named.replace(b"X\x05\x00\x00\x00FLOAT", b"ctorch\nFloatStorage\n")


def test_a_pickle_that_names_a_function_is_refused_and_calls_nothing(tmp_path):
    marker = tmp_path / "called"
    pickled = pickle.dumps({"x": Call(open, str(marker), "w")})
    for path in (zipped(tmp_path / "zip.pth", pickled), tmp_path / "stream.pth"):
        if not path.exists():
            path.write_bytes(pickle.dumps(torch_file.MAGIC, 2) + pickled)
        with pytest.raises(ValueError, match="not a state dict of PyTorch"):
            torch_file.read(path)
    assert not marker.exists()


def test_a_tensor_cannot_look_outside_its_storage(tmp_path):
    path = tmp_path / "state.pth"
    state = torch_file.read(zipped(path, tensor((2, 3), (3, 1))))
    np.testing.assert_array_equal(state["x"], [[0, 1, 2], [3, 4, 5]])
    outside = [((2, 3), (4, 1), 0), ((6,), (1,), 1), ((2,), (-1,), 1), ((1,), (1,), -1)]
    for shape, strides, offset in outside:
        with pytest.raises(ValueError, match="outside its storage"):
            torch_file.read(zipped(path, tensor(shape, strides, offset)))
    with pytest.raises(ValueError, match="6 of 7 values"):
        torch_file.read(zipped(path, tensor((1,), (1,), count=7)))


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_cut_short_is_told(name, tmp_path):
    whole = (make_inception.FOLDER / name).read_bytes()
    path = tmp_path / name
    for length in (0, 1, 40, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=f"{name} is not a state dict"):
            torch_file.read(path)


def test_a_pickle_without_tensors_and_no_file_are_told(tmp_path):
    path = zipped(tmp_path / "state.pth", pickle.dumps({"steps": 3}, 2))
    with pytest.raises(ValueError, match="holds no tensors"):
        torch_file.read(path)
    with pytest.raises(FileNotFoundError):
        torch_file.read(tmp_path / "none.pth")
