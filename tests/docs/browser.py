# SPDX-License-Identifier: GPL-2.0-or-later
"""A page as headless Chromium sees it, without any network."""
import html
import json
import os
import re
import shutil
import subprocess
import tarfile

import harness

SECONDS = 120
WIDTHS = (360, 400, 768, 1024, 1280, 1600)
SCHEMES = {"light": "1", "dark": "0"}  # Chromium's numbers

# Measures the page within a frame of a given width, and tells the page around it.
PROBE = """
addEventListener("load", () => {
  const wide = document.documentElement.clientWidth;
  const out = [...document.querySelectorAll("body *")].filter(e => {
    const r = e.getBoundingClientRect(), s = getComputedStyle(e);
    return r.width > 1 && r.right > wide + 1 && s.clipPath === "none" && !e.closest(".skip") && !e.closest("svg svg");
  }).map(e => e.tagName + "." + e.getAttribute("class") + " " + e.textContent.slice(0, 40));
  parent.postMessage({wide, scroll: document.documentElement.scrollWidth, out: out.slice(0, 5)}, "*");
});
"""
AROUND = """<!DOCTYPE html><body><pre id="told">[]</pre><script>
const told = [];
addEventListener("message", e => { told.push(e.data); document.getElementById("told").textContent = JSON.stringify(told); });
</script>%s</body>"""
AXE = """
addEventListener("load", () => axe.run(document, {resultTypes: ["violations"]}).then(found => {
  document.body.innerHTML = "<pre id='told'></pre>";
  document.getElementById("told").textContent = JSON.stringify(found.violations.map(
    v => v.id + " (" + v.impact + "): " + v.nodes.length + " times, as " + v.nodes[0].html.slice(0, 150)
         + " " + (v.nodes[0].any[0] || {message: ""}).message));
}));
"""


def program():
    """Chromium, or Skip."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if shutil.which(name):
            return name
    raise harness.Skip("there is no chromium")


def chromium(folder, *arguments, scheme="light"):
    """Run it headless; nothing resolves, and its profile is the folder's."""
    command = [program(), "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
               "--disable-background-networking", "--disable-component-update", "--disable-sync",
               "--host-resolver-rules=MAP * ~NOTFOUND", "--allow-file-access-from-files",
               f"--user-data-dir={folder}/profile", f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}", *arguments]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False,
                          encoding="utf-8", errors="replace")


def write(folder, name, text):
    """A file of the folder, as URL."""
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return "file://" + path


def with_script(page, script):
    """The page without its policy, and with a script of ours."""
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    return page.replace("</head>", "<script>" + script + "</script></head>", 1)


def told(result):
    """What a script of ours left in the document."""
    found = re.search(r'<pre id="told">(.*?)</pre>', result.stdout, re.S)
    if not found:
        raise RuntimeError(f"no answer: {result.stdout[:300]} {result.stderr[-500:]}")
    return json.loads(html.unescape(found[1]))


def remarks(folder, page):
    """Lines that Chromium writes to its console about the page as it is."""
    result = chromium(folder, "--enable-logging=stderr", "--v=0", "--dump-dom", write(folder, "plain.html", page))
    if "<html" not in result.stdout:
        raise RuntimeError(f"no document: {result.stderr[-500:]}")
    return [line for line in result.stderr.splitlines() if "CONSOLE" in line]


def overflow(folder, page):
    """At which widths something stands out at the right."""
    write(folder, "probed.html", with_script(page, PROBE))
    frames = "".join(f'<iframe src="probed.html" style="width:{width}px;height:900px;border:0"></iframe>' for width in WIDTHS)
    url = write(folder, "frames.html", AROUND % frames)
    seen = told(chromium(folder, "--virtual-time-budget=8000", "--window-size=1700,1000", "--dump-dom", url))
    if sorted(frame["wide"] for frame in seen) != sorted(WIDTHS):
        yield f"measured at {sorted(frame['wide'] for frame in seen)}"
    for frame in seen:
        if frame["scroll"] > frame["wide"] or frame["out"]:
            yield f"at {frame['wide']}: {frame['scroll']} wide; {frame['out']}"


def axe_source(folder):
    """axe-core from npm, or Skip."""
    if not shutil.which("npm"):
        raise harness.Skip("there is no npm")
    path = os.path.join(folder, "package", "axe.min.js")
    if not os.path.exists(path):
        result = subprocess.run(["npm", "pack", "--silent", "axe-core@4"], cwd=folder, capture_output=True, check=False,
                                encoding="utf-8", timeout=SECONDS)
        packed = os.path.join(folder, result.stdout.strip() or "none")
        if result.returncode or not os.path.isfile(packed):
            raise harness.Skip("axe-core cannot be had from npm")
        with tarfile.open(packed) as archive:
            archive.extract("package/axe.min.js", folder)
    with open(path, encoding="utf-8") as file:
        return file.read()


def axe(folder, page, scheme):
    """What axe-core has against the page."""
    url = write(folder, "axe.html", with_script(page, axe_source(folder) + AXE))
    return told(chromium(folder, "--virtual-time-budget=20000", "--window-size=1280,1000", "--dump-dom", url, scheme=scheme))


def picture(folder, page, width, scheme):
    """A PNG of the top of the page."""
    path = os.path.join(folder, "shot.png")
    chromium(folder, f"--window-size={width},1400", f"--screenshot={path}", write(folder, "plain.html", page), scheme=scheme)
    with open(path, "rb") as file:
        return file.read()


def printed(folder, page):
    """The page as PDF."""
    path = os.path.join(folder, "page.pdf")
    chromium(folder, "--no-pdf-header-footer", f"--print-to-pdf={path}", write(folder, "plain.html", page))
    with open(path, "rb") as file:
        return path, file.read()
