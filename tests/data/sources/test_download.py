import errno
import os
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from study.data.sources.download import data_home, download
from study.errors import StudyError

BODY = b"0123456789" * 1000


class Answers(BaseHTTPRequestHandler):
    """A server in which each path is one possible course of a download."""

    def do_GET(self):
        if self.path == "/missing":
            self.send_error(404)
            return
        self.send_response(200)
        if self.path.startswith("/length-"):
            self.send_header("Content-Length", unquote(self.path).partition("-")[2])
        elif self.path != "/unannounced":
            self.send_header("Content-Length", str(len(BODY) + 500 * (self.path == "/cut")))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def refuse(raw: bytes) -> None:
    raise StudyError("SHA-256 is wrong")


@pytest.mark.parametrize("page", ["whole", "unannounced"])
def test_a_download_arrives_whole_and_alone(server, tmp_path, page):
    seen: list[bytes] = []
    path = tmp_path / "new" / "file"
    download(f"{server}/{page}", path, check=seen.append, max_bytes=len(BODY))
    assert seen == [BODY]
    assert path.read_bytes() == BODY
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("page", "check", "max_bytes", "message"),
    [
        ("cut", len, 20_000, "cut: the connection was cut after 10000 of 10500 bytes; try again, or put"),
        ("missing", len, 20_000, "missing: the server answered 404 Not Found; try again, or put the file at"),
        ("whole", refuse, 20_000, "SHA-256 is wrong; try again, or put the file at"),
        ("whole", len, 9_999, "whole: announces 10000 bytes, expected at most 9999"),
        ("unannounced", len, 9_999, "unannounced: sent more than the 9999 bytes expected"),
    ],
)
def test_a_download_that_goes_wrong_leaves_nothing(server, tmp_path, page, check, max_bytes, message):
    with pytest.raises(StudyError, match=message) as caught:
        download(f"{server}/{page}", tmp_path / "file", check=check, max_bytes=max_bytes)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_download_keeps_the_file_that_was_there(server, tmp_path):
    (tmp_path / "file").write_bytes(b"older")
    with pytest.raises(StudyError, match="cut after"):
        download(f"{server}/cut", tmp_path / "file", check=len, max_bytes=20_000)
    assert (tmp_path / "file").read_bytes() == b"older"


def test_an_interrupt_leaves_nothing(server, tmp_path):
    def interrupt(raw: bytes) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(f"{server}/whole", tmp_path / "file", check=interrupt, max_bytes=20_000)
    assert list(tmp_path.iterdir()) == []


def test_no_server_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    # Port 1 is reserved and refuses connections.
    with pytest.raises(StudyError, match=r"127\.0\.0\.1:1/x: download failed \(.*\); try again"):
        download("http://127.0.0.1:1/x", tmp_path / "file", check=len, max_bytes=10, timeout=5.0)
    assert list(tmp_path.iterdir()) == []


def test_a_silent_server_times_out(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
        with pytest.raises(StudyError, match=r"download failed \(timed out\)"):
            download(url, tmp_path / "file", check=len, max_bytes=10, timeout=0.2)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "taken").write_bytes(b"a file, not a folder")
    with pytest.raises(StudyError, match=r"taken: cannot write .*; set STUDY_DATA to another folder"):
        download("http://127.0.0.1:1/x", tmp_path / "taken" / "file", check=len, max_bytes=10)


def test_what_killed_downloads_left_is_cleared_after_a_day(server, tmp_path):
    day = 24 * 3600
    names = {
        ".file.abc.part": 2 * day,
        ".file.def.part": day / 2,
        ".other.abc.part": 2 * day,
        "file.part": 2 * day,
    }
    for name, age in {**names, ".writing-xyz": 2 * day}.items():
        (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    download(f"{server}/whole", tmp_path / "file", check=len, max_bytes=len(BODY))
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept == {"file", ".file.def.part", ".other.abc.part", "file.part"}


def test_a_full_disk_is_one_line_and_leaves_nothing(server, tmp_path, monkeypatch):
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StudyError, match="file: no space left on device; free the disk, or give another"):
        download(f"{server}/whole", tmp_path / "file", check=len, max_bytes=len(BODY))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("page", ["length-²", "length-999999999999999999999", "length-x"])
def test_a_length_that_is_no_number_is_not_believed(server, tmp_path, page):
    download(f"{server}/{quote(page)}", tmp_path / "file", check=len, max_bytes=len(BODY))
    assert (tmp_path / "file").read_bytes() == BODY


def test_data_home_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("STUDY_DATA", str(tmp_path))
    assert data_home() == tmp_path
    monkeypatch.delenv("STUDY_DATA")
    assert data_home() == Path.home() / ".cache" / "vae-sampling-study"
