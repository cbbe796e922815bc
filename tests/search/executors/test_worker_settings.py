"""What is asked for of workers and clusters, and how it is refused."""

import math
import socket
import threading

import pytest

from keras_vision.errors import BadInput
from keras_vision.search.executors.worker_settings import WorkerSettings
from keras_vision.system import ray_import


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"ray": "head"}, "ray must be local or the HOST:PORT of a cluster, not 'head'."),
        ({"ray": "ray://head:10001"}, "not 'ray://head:10001'"),
        ({"ray": "head:65536"}, "not 'head:65536'"),
        ({"ray": "local", "workers": 2}, "Give either workers or ray"),
        ({"cpus_per_trial": 2}, "cpus_per_trial works only on a Ray cluster. Leave it out, or give --ray local"),
        ({"gpus_per_trial": 0.5, "workers": 2}, "gpus_per_trial works only on a Ray cluster"),
        ({"ray": "local", "gpus_per_trial": 1.5}, "a share of a GPU, such as 0.5, or a whole number of them, not 1.5."),
        ({"ray": "local", "gpus_per_trial": -1}, "not -1"),
        ({"ray": "local", "gpus_per_trial": math.inf}, "or a whole number of them, not inf."),
        ({"ray": "local", "cpus_per_trial": 0}, "cpus_per_trial must be a whole number of at least 1, not 0."),
    ],
)
def test_what_cannot_be_is_refused(asked, message):
    with pytest.raises(BadInput) as refused:
        WorkerSettings(**asked)
    assert message in str(refused.value)


@pytest.mark.parametrize("gpus", [0, 0.25, 1, 2, 2.0])
def test_shares_and_whole_numbers_of_gpus_are_taken(gpus):
    assert WorkerSettings(ray="local", gpus_per_trial=gpus).gpus_per_trial == gpus


@pytest.mark.parametrize("address", ["local", "10.0.0.1:6379", "head.example.org:6379", "[::1]:6379"])
def test_addresses_that_can_be_are_taken(address):
    assert WorkerSettings(ray=address, gpus_per_trial=0.5).ray == address


def test_without_ray_installed_its_extra_is_named(monkeypatch):
    monkeypatch.setattr(ray_import.importlib.util, "find_spec", lambda name: None)
    WorkerSettings(workers=2).check_cluster()
    with pytest.raises(BadInput, match=r"Ray is not installed.*pip install 'ray>="):
        WorkerSettings(ray="local").check_cluster()


def test_an_address_where_nobody_listens_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(BadInput, match=f"There is no Ray cluster at 127.0.0.1:{port} .*`ray start --head`"):
        WorkerSettings(ray=f"127.0.0.1:{port}").check_cluster()


@pytest.mark.parametrize(
    ("answer", "is_taken"),
    [(b"\0\0\x06\4\0\0\0\0\0", True), (b"HTTP/1.0 400 Bad Request\r\n\r\n", False), (b"", False)],
)
def test_what_answers_there_must_speak_as_ray_does(answer, is_taken):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(answer)

        server = threading.Thread(target=serve)
        server.start()
        asked = WorkerSettings(ray=f"127.0.0.1:{listener.getsockname()[1]}")
        if is_taken:
            asked.check_cluster()
        else:
            with pytest.raises(BadInput, match="it is no Ray that answers"):
                asked.check_cluster()
        server.join()
