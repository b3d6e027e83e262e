"""bin/serve and the files in serving/, with a script in the place of TF Serving's program."""

import os
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest
from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    text_format,
    wrappers_pb2,  # noqa: F401 - in the pool, for the fields below
)
from tensorflow_serving.config import model_server_config_pb2

ROOT = Path(__file__).parents[1]
# What the server is given, copied while it runs: bin/serve deletes its files afterwards.
SERVER = """#!/usr/bin/env bash
for word in "$@"; do
  echo "$word" >>"$SEEN/arguments"
  case "$word" in --*_file=*) cp "${word#*=}" "$SEEN" ;; esac
done
[ -z "${STAY:-}" ] || exec sleep 60
"""


@pytest.fixture
def folder(tmp_path):
    """A folder with two models, something else, and programs that note what they are asked."""
    for version in ("one/1", "one/2", "two words/7", "empty/1-old"):
        (tmp_path / "models" / version).mkdir(parents=True)
        (tmp_path / "models" / version / "saved_model.pb").touch()
    (tmp_path / "seen").mkdir()
    (tmp_path / "bin").mkdir()
    return tmp_path


def serve(folder, program, *arguments, **environment):
    """Runs bin/serve with a PATH that has the program in it, and what any script needs."""
    if program:
        path = folder / "bin" / program
        path.write_text(SERVER)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    for tool in ("bash", "env", "dirname", "basename", "mktemp", "cp", "rm", "chmod", "sleep"):
        link = folder / "bin" / tool
        if not link.exists():
            link.symlink_to(subprocess.check_output(["which", tool], text=True).strip())
    variables = {"PATH": str(folder / "bin"), "SEEN": str(folder / "seen")}
    return subprocess.Popen(
        [ROOT / "bin/serve", *map(str, arguments)],
        env={**variables, "TMPDIR": str(folder), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def names_and_paths(path):
    config = text_format.Parse(path.read_text(), model_server_config_pb2.ModelServerConfig())
    return {each.name: each.base_path for each in config.model_config_list.config}


def test_every_model_of_a_folder_is_served(folder):
    done = serve(folder, "tensorflow_model_server", folder / "models", "--more=1", REST_PORT="81")
    out, error = done.communicate()
    assert done.returncode == 0, error
    assert "http://localhost:81/v1/models/one" in out
    arguments = (folder / "seen/arguments").read_text().splitlines()
    assert {"--port=8500", "--rest_api_port=81", "--enable_batching", "--more=1"} <= set(arguments)
    models = folder / "models"
    assert names_and_paths(folder / "seen/models.config") == {
        "one": str(models / "one"),
        "two words": str(models / "two words"),
    }
    for name in ("batching.config", "monitoring.config"):
        assert (folder / "seen" / name).read_text() == (ROOT / "serving" / name).read_text()


def test_docker_is_run_where_there_is_no_server(folder):
    done = serve(
        folder,
        "docker",
        folder / "models",
        TFCOLOR_SERVING_IMAGE="mine:1",
        TFCOLOR_DOCKER_OPTIONS="--gpus all",
    )
    out, error = done.communicate()
    assert done.returncode == 0, error
    arguments = (folder / "seen/arguments").read_text().splitlines()
    assert arguments[0] == "run" and "mine:1" in arguments
    assert arguments[arguments.index("--gpus") + 1] == "all"
    assert f"{folder / 'models'}:/models:ro" in arguments
    assert {"127.0.0.1:8500:8500", "127.0.0.1:8501:8501"} <= set(arguments)


def test_a_signal_ends_the_server_and_takes_its_files_away(folder):
    running = serve(folder, "tensorflow_model_server", folder / "models", STAY="1")
    while not (folder / "seen/monitoring.config").exists():
        assert running.poll() is None
        time.sleep(0.01)
    before = set(folder.iterdir())
    os.kill(running.pid, signal.SIGTERM)
    running.communicate(timeout=20)
    assert running.returncode == 128 + signal.SIGTERM
    assert len(before - set(folder.iterdir())) == 1  # the folder of configs


@pytest.mark.parametrize(
    ("program", "where", "said"),
    [
        (None, "models", "neither tensorflow_model_server nor docker is on the PATH"),
        ("docker", "nowhere", "is no folder; make a model: tfcolor export"),
        ("docker", "models/empty", "holds no NAME/VERSION/saved_model.pb; make one"),
    ],
)
def test_what_is_missing_is_said_in_one_line(folder, program, where, said):
    done = serve(folder, program, folder / where)
    out, error = done.communicate()
    assert done.returncode == 1
    assert error.startswith("Error: ") and said in error and error.count("\n") == 1


def test_the_files_of_compose_name_the_folder_that_is_mounted():
    assert names_and_paths(ROOT / "serving/models.config") == {
        "tfcolor-base": "/models/tfcolor-base"
    }
    compose = (ROOT / "serving/compose.yaml").read_text()
    assert "../saved_models:/models:ro" in compose and "/v1/models/tfcolor-base" in compose
    for name in ("models", "batching", "monitoring"):
        assert f"/config/{name}.config" in compose


def test_batching_is_set_as_the_server_names_it():
    """BatchingParameters of TF Serving, which its Python package lacks."""
    kinds = {"max_batch_size": "Int64Value", "batch_timeout_micros": "Int64Value"}
    kinds |= {"max_enqueued_batches": "Int64Value", "num_batch_threads": "Int64Value"}
    kinds |= {"enable_large_batch_splitting": "BoolValue", "max_execution_batch_size": "Int64Value"}
    file = descriptor_pb2.FileDescriptorProto(name="batching.proto", package="t", syntax="proto3")
    file.dependency.append("google/protobuf/wrappers.proto")
    message = file.message_type.add(name="BatchingParameters")
    for number, (name, kind) in enumerate(kinds.items(), 1):
        message.field.add(
            name=name, number=number, label=1, type=11, type_name=f".google.protobuf.{kind}"
        )
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    described = pool.FindMessageTypeByName("t.BatchingParameters")
    batching = message_factory.GetMessageClass(described)()
    text_format.Parse((ROOT / "serving/batching.config").read_text(), batching)
    # What the server demands of the three.
    assert batching.max_execution_batch_size.value <= batching.max_batch_size.value
    assert batching.enable_large_batch_splitting.value
