"""The report in a real browser: no console error, no request to anywhere, readable at both widths."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-default-apps",
    "--virtual-time-budget=3000",
]

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium, google-chrome or chromium-browser here"),
]


@pytest.fixture(scope="module", params=["smoke", "hostile"])
def page(request: pytest.FixtureRequest) -> Path:
    """`$STUDY_REPORT` or the report of a smoke run; and a report in which every name is hostile."""
    if request.param == "hostile":
        return request.getfixturevalue("hostile_report") / "report.html"
    given = os.environ.get("STUDY_REPORT")
    if given:
        return Path(given).resolve()
    return request.getfixturevalue("smoke_run") / "report.html"


def browse(page: Path, folder: Path, *flags: str) -> subprocess.CompletedProcess:
    profile = f"--user-data-dir={folder / 'profile'}"
    command = [str(CHROMIUM), *QUIET, profile, *flags, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


@pytest.fixture(scope="module")
def opened(page: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess, Path]:
    """The page as the browser opened it, with what it logged, and its log of the network."""
    folder = tmp_path_factory.mktemp("opened")
    log = folder / "net.json"
    return browse(page, folder, "--enable-logging=stderr", "--v=0", f"--log-net-log={log}", "--dump-dom"), log


def test_no_console_message_and_the_whole_page_is_there(page, opened):
    done, _ = opened
    assert [line for line in done.stderr.splitlines() if ":CONSOLE" in line] == []
    assert "</html>" in done.stdout
    assert done.stdout.count("<section") == 4 and done.stdout.count("<details") >= 6
    # the scripts ran: what is hidden without them is shown
    assert 'class="controls" hidden' in page.read_text()
    assert 'class="controls" hidden' not in done.stdout


def test_a_console_error_would_be_seen(tmp_path):
    broken = tmp_path / "broken.html"
    broken.write_text("<!doctype html><script>throw new Error('seen')</script>")
    done = browse(broken, tmp_path, "--enable-logging=stderr", "--v=0", "--dump-dom")
    assert any(":CONSOLE" in line and "seen" in line for line in done.stderr.splitlines())


def requests(log: Path) -> set[str]:
    """Addresses of http(s) and ws(s) that the page requested; requests of the browser itself have no origin."""
    text = log.read_text()
    try:
        events = json.loads(text)["events"]
    except json.JSONDecodeError:  # a browser that ends early leaves the list open
        events = json.loads(text.rstrip().rstrip(",") + "]}")["events"]
    asked = [event.get("params", {}) for event in events]
    by_page = [params for params in asked if params.get("initiator", "not an origin") != "not an origin"]
    return {params["url"] for params in by_page if params["url"].startswith(("http", "ws"))}


def test_no_request_to_any_other_address(opened):
    assert requests(opened[1]) == set()


def test_the_page_lets_no_other_script_run(page, tmp_path):
    probe = tmp_path / "probe.html"
    script = "<script>document.title = 'ran'</script><img src=http://127.0.0.1:9/a.png>"
    probe.write_text(page.read_text("utf-8").replace("</body>", script + "</body>"), "utf-8")
    done = browse(probe, tmp_path, f"--log-net-log={tmp_path / 'net.json'}", "--dump-dom")
    assert "<title>ran</title>" not in done.stdout
    assert requests(tmp_path / "net.json") == set()


def test_a_request_would_be_seen(tmp_path):
    asking = tmp_path / "asking.html"
    asking.write_text(
        '<!doctype html><img src="http://127.0.0.1:9/a.png"><script>fetch("//127.0.0.1:9/b")</script>'
    )
    browse(asking, tmp_path, f"--log-net-log={tmp_path / 'net.json'}", "--dump-dom")
    assert requests(tmp_path / "net.json") == {"http://127.0.0.1:9/a.png"}


def titled(page: Path, folder: Path, script: str, *flags: str, address: str = "") -> str:
    """What a script, run when the page is loaded, returns."""
    probe = folder / "probe.html"
    text, policies = re.subn(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text("utf-8"))
    assert policies == 1  # it would not let the script run
    own = f"<script>addEventListener('load', () => document.title = 'found ' + ({script}))</script>"
    probe.write_text(text.replace("</body>", own + "</body>"), "utf-8")
    profile = f"--user-data-dir={folder / 'profile'}"
    command = [str(CHROMIUM), *QUIET, profile, *flags, "--dump-dom", probe.as_uri() + address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout.split("<title>found ")[1].split("<")[0]


LOOK = """[
  document.documentElement.scrollWidth - innerWidth,
  Math.max(0, ...[...document.querySelectorAll('#table table')].map((table) => table.offsetWidth)),
  document.querySelectorAll('details[open]').length,
  (document.querySelectorAll('details').forEach((fold) => fold.open = true),
    document.documentElement.scrollWidth - innerWidth),
]"""


class Look(NamedTuple):
    """In pixels, but for the number of folds that are open at first."""

    excess: int
    table: int
    folds: int
    excess_when_open: int


@pytest.fixture(scope="module")
def looks(page: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Look]:
    """The page in a wide window and in one as narrow as a telephone."""
    found = {}
    for width in (1280, 390):
        folder = tmp_path_factory.mktemp(f"{width}")
        found[width] = Look(*map(int, titled(page, folder, LOOK, f"--window-size={width},900").split(",")))
    return found


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_window(looks, width):
    """Wide tables scroll inside their own box; the page itself must not scroll sideways."""
    assert looks[width].excess <= 0


def test_the_main_table_fits_1000_pixels(looks):
    assert 0 < looks[1280].table <= 1000


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_window_when_all_is_open(looks, width):
    assert looks[width].excess_when_open <= 0


@pytest.mark.parametrize("anchor", ["provenance", "methods"])
def test_a_link_opens_what_it_names(page, tmp_path, anchor):
    script = f"[document.getElementById('{anchor}').open, document.querySelectorAll('details[open]').length]"
    assert titled(page, tmp_path, script, address=f"#{anchor}") == "true,1"


def test_without_a_link_the_appendix_is_folded(looks):
    assert looks[1280].folds == 0
