"""Messages in files: read once and whole, and the end of a process that nobody waits for."""

import subprocess
import sys

import pytest

from keras_vision.search.executors.mailbox import Mailbox


@pytest.fixture
def mailbox(tmp_path):
    mailbox = Mailbox(tmp_path / "one.jsonl")
    mailbox.make()
    return mailbox


def test_each_message_is_read_once_and_only_when_it_is_whole(mailbox):
    other = Mailbox(mailbox.path)
    assert mailbox.new() == []
    other.send(said="ä")
    other.send(rows=[{"epoch": 1}])
    assert mailbox.new() == [{"said": "ä"}, {"rows": [{"epoch": 1}]}]
    with open(mailbox.path, "ab") as file:
        file.write(b'{"said": ')
        file.flush()
        assert mailbox.new() == []
        file.write(b'"whole"}\n')
    assert mailbox.new() == [{"said": "whole"}]


def test_a_pause_is_asked_for_and_seen(mailbox):
    other = Mailbox(mailbox.path)
    assert not other.is_to_pause
    mailbox.ask_to_pause()
    assert other.is_to_pause
    mailbox.remove()
    assert not list(mailbox.path.parent.iterdir())


def test_nothing_can_be_sent_to_one_that_is_gone(mailbox):
    mailbox.remove()
    with pytest.raises(FileNotFoundError):
        Mailbox(mailbox.path).send(said="hello")


def test_a_process_ends_when_nobody_wants_its_job_any_more(mailbox):
    code = (
        "import sys, time\n"
        "from keras_vision.search.executors.mailbox import Mailbox\n"
        "mailbox = Mailbox(sys.argv[1])\n"
        "with mailbox.watched():\n"
        "    mailbox.send(said='begun')\n"
        "    time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(mailbox.path)]) as process:
        while not mailbox.new():
            assert process.poll() is None
        mailbox.remove()
        assert process.wait(timeout=60) == 1
