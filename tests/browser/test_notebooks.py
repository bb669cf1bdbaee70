"""Every notebook in JupyterLab, as people use it: opened, Run All in the smoke profile, looked at."""

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import papermill
import pytest

from replication.reporting.notebooks import resolve

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "docs" / "_build" / "screenshots"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*_*.ipynb"))
SETTINGS = {
    # Cells outside of the window exist too, so that all outputs can be counted; and no news are fetched.
    "notebook-extension/tracker": '{"windowingMode": "none"}',
    "apputils-extension/notification": '{"fetchNews": "false", "checkForUpdates": false}',
}
MINUTES = 15  # for one notebook, on a busy machine


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Return a folder like this project, whose notebooks have the parameters of their smoke profiles."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "notebooks").mkdir()
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, folder)
    for name in ("results", "data"):
        (folder / name).symlink_to(ROOT / name)
    for path in NOTEBOOKS:
        _, parameters = resolve(path.stem.split("_", 1)[1], "smoke", {"results_dir": str(folder / "smoke" / path.stem)})
        papermill.execute_notebook(
            str(path), str(folder / "notebooks" / path.name), parameters, prepare_only=True, progress_bar=False
        )
    return folder


@pytest.fixture(scope="module")
def lab(project, tmp_path_factory):
    """Return the address of a JupyterLab in that folder."""
    settings = tmp_path_factory.mktemp("settings")
    for name, text in SETTINGS.items():
        path = settings / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    port = 8000 + os.getpid() % 1000
    options = ["--no-browser", "--allow-root", f"--port={port}", "--port-retries=0", "--IdentityProvider.token=book"]
    places = {"JUPYTERLAB_SETTINGS_DIR": str(settings), "JUPYTERLAB_WORKSPACES_DIR": str(settings / "workspaces")}
    environment = os.environ | places | {"PYTHONPATH": str(ROOT)}
    with open(settings / "log", "w", encoding="utf-8") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options], cwd=project, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(300):
                try:
                    urllib.request.urlopen(f"{address}/api").close()
                    break
                except OSError:
                    assert server.poll() is None, (settings / "log").read_text(encoding="utf-8")
                    time.sleep(1)
            yield address
        finally:
            server.terminate()
            server.wait()


@pytest.mark.parametrize("name", [path.name for path in NOTEBOOKS])
def test_run_all_ends_without_an_error_and_with_figures(browser, lab, name):
    page = browser.new_page(viewport={"width": 1280, "height": 1600})
    page.set_default_timeout(300_000)
    # A workspace of its own: the default one opens again what was open in it, and Run All runs the wrong notebook.
    page.goto(f"{lab}/lab/workspaces/{Path(name).stem}/tree/notebooks/{name}?token=book")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()  # before that, Run All asks for a kernel
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    # A cell that waits or runs shows [*], one that is done its number; the last one is done last.
    done = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].every(p => /\\[\\d+\\]/.test(p.textContent))"
    failed = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"
    page.wait_for_function(f'{done} || document.querySelector("{failed}")', timeout=MINUTES * 60_000, polling=1000)
    figures = page.locator(".jp-RenderedImage img")
    if figures.count():
        figures.first.scroll_into_view_if_needed()
    page.screenshot(path=SCREENSHOTS / f"jupyterlab-{Path(name).stem}.png")
    assert page.locator(failed).count() == 0, page.locator(failed).first.inner_text()
    assert figures.count() > 0
    sizes = figures.evaluate_all("images => images.map(image => image.complete && image.naturalWidth)")
    assert min(sizes) > 100
    page.close()
