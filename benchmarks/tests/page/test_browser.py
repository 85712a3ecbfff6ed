"""The report in a browser: charts, themes, small screens, and no requests."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import cast

import pytest
from PIL import Image
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from entrepot_benchmarks.page import render

from .contrast import contrast
from .sample import sample_run

NEEDED = {"chromium": "chromium", "chromedriver": "chromium-driver"}
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

DRAWN = """
return [...document.querySelectorAll("svg[role=img]")].map(svg => {
  const box = svg.getBoundingClientRect();
  const shapes = [...svg.querySelectorAll("path, use")].filter(one => !one.closest("defs"));
  const seen = shapes.filter(one => { const own = one.getBBox(); return own.width + own.height > 0; });
  return {label: svg.ariaLabel, width: box.width, height: box.height, seen: seen.length,
          letters: [...svg.querySelectorAll("text")].filter(one => one.getBBox().width > 0).length};
});
"""

COLOURS = """
const bar = [...document.querySelectorAll("svg[role=img] path")].find(one => one.style.fill.includes("backend-0"));
const page = getComputedStyle(document.body), quiet = getComputedStyle(document.querySelector(".quiet"));
const text = getComputedStyle(document.querySelector("svg[role=img] text"));
return {ground: page.backgroundColor, ink: page.color, quiet: quiet.color, text: text.fill,
        bar: getComputedStyle(bar).fill};
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """Chromium with the report open."""
    found = {program: shutil.which(program) for program in NEEDED}
    if missing := [NEEDED[program] for program, path in found.items() if path is None]:
        message = f"a browser is missing: apt-get install --no-install-recommends {' '.join(missing)}"
        if os.environ.get("ENTREPOT_TEST_ALL") == "1":
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    directory = tmp_path_factory.mktemp("browser")
    file = directory / "report.html"
    file.write_text(render(sample_run()), encoding="utf-8")
    options = ChromeOptions()
    options.binary_location = str(found["chromium"])
    for flag in (*FLAGS, f"--user-data-dir={directory / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=Service(str(found["chromedriver"])))
    try:
        driver.get("about:blank")
        logged(driver, "performance")  # discard the log of the start page
        driver.get(file.as_uri())
        yield driver
    finally:
        driver.quit()


def show(browser: Chrome, scheme: str, width: int = 1200, height: int = 900) -> None:
    """Select a theme and a screen size."""
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def colours(browser: Chrome) -> dict[str, tuple[int, int, int]]:
    """Return the computed colours as red, green and blue."""
    found = cast("dict[str, str]", browser.execute_script(COLOURS))
    return {
        name: cast("tuple[int, int, int]", tuple(map(int, re.findall(r"\d+", text)))) for name, text in found.items()
    }


def logged(browser: Chrome, kind: str) -> list[dict[str, str]]:
    """Return a log of the browser."""
    entries: list[dict[str, str]] = browser.get_log(kind)  # type: ignore[no-untyped-call]  # missing in selenium
    return entries


def test_every_chart_is_drawn(browser: Chrome) -> None:
    show(browser, "light")
    charts = browser.execute_script(DRAWN)
    assert len(charts) > 80
    small = [chart for chart in charts if chart["width"] < 300 or chart["height"] < 40]
    assert small == []
    assert [chart for chart in charts if chart["seen"] < 3 or chart["letters"] < 3] == []


def test_nothing_is_logged_and_only_the_file_is_requested(browser: Chrome) -> None:
    assert logged(browser, "browser") == []
    events = [json.loads(entry["message"])["message"] for entry in logged(browser, "performance")]
    requested = {
        event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"
    }
    assert {url for url in requested if not url.startswith("data:")} == {browser.current_url}


def test_both_themes_differ_and_are_readable(browser: Chrome) -> None:
    show(browser, "light")
    light = colours(browser)
    show(browser, "dark")
    dark = colours(browser)
    assert [name for name in light if light[name] == dark[name]] == []
    for theme in (light, dark):
        assert contrast(theme["ink"], theme["ground"]) >= 10
        assert contrast(theme["quiet"], theme["ground"]) >= 4.5
        assert contrast(theme["text"], theme["ground"]) >= 4.5
        assert contrast(theme["bar"], theme["ground"]) >= 3
    assert sum(light["ground"]) > 3 * 240
    assert sum(dark["ground"]) < 3 * 40


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1200])
def test_a_screen_is_filled_without_horizontal_scrolling(
    browser: Chrome, tmp_path: Path, scheme: str, width: int
) -> None:
    show(browser, scheme, width)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    browser.execute_script("document.querySelector('#throughput').scrollIntoView()")
    picture = browser.get_screenshot_as_png()
    (tmp_path / f"{scheme}-{width}.png").write_bytes(picture)
    image = Image.open(BytesIO(picture)).convert("RGB")
    counted = image.getcolors(image.width * image.height)
    assert counted is not None
    most, ground = max(counted)
    assert len(counted) > 100
    assert ground == colours(browser)["ground"]
    assert 0.02 < 1 - most / (image.width * image.height) < 0.5
