"""The notebooks as a site: whole, within itself, and at work from a disk without network."""

import os
import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser

import pytest

from backprop_lab.__main__ import main
from backprop_lab.coursework import build
from backprop_lab.coursework.handout import leaks
from backprop_lab.coursework.site import pages
from backprop_lab.coursework.site.prose import Prose, formula
from tests.browser_tools import look, violations
from tests.widgets_to_try import ANSWERS

CHAPTERS = [source.with_suffix(".html").name for source in build.sources()]
ALL = ["index.html", *CHAPTERS]
CHAIN_RULE = CHAPTERS[1]
WIDTH = "() => document.documentElement.scrollWidth"
PAGE_IS_DARK = '(getComputedStyle(document.body).backgroundColor === "rgb(20, 24, 31)")'
PICTURES_DARK = """[...document.querySelectorAll(".backprop-lab")]
    .map(host => "dark" in host.dataset)"""
FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$]+\$", re.S)
CODE = re.compile(r"```.*?```|`[^`]+`", re.S)
FINGERPRINT = """
import hashlib
from backprop_lab.coursework.site.pages import make_site
print(hashlib.sha256(repr(make_site()).encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sites") / "blank"
    assert [path.name for path in pages.write_site(folder)] == ALL
    return folder


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sites") / "solved"
    pages.write_site(folder, solved=True)
    return folder


class Reader(HTMLParser):
    """Tags and attributes of a page; and its words, code and scripts left out."""

    def __init__(self, path):
        super().__init__()
        self.found, self.words, self.within = [], [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        self.found += [(tag, name, value) for name, value in attributes]
        if tag in ("code", "pre", "script", "style", "table"):
            self.within.append(tag)

    def handle_endtag(self, tag):
        if self.within and tag == self.within[-1]:
            self.within.pop()

    def handle_data(self, text):
        if not self.within:
            self.words.append(text)

    def ids(self):
        return [value for _, name, value in self.found if name == "id"]


@cache
def reader(path):
    return Reader(path)


# --- whole ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_solved", [False, True], ids=["blank", "solved"])
def test_every_output_is_there_as_it_is_stored(site, solved, is_solved):
    for source in build.sources():
        page = ((solved if is_solved else site) / f"{source.stem}.html").read_text("utf-8")
        outputs = [x for c in pages.stored(source, is_solved).cells for x in c.get("outputs", ())]
        shown = [x.data["text/html"] for x in outputs if "text/html" in x.get("data", {})]
        assert len(shown) > 10
        assert all(html in page for html in shown)


def test_solutions_are_on_the_solved_pages_only(site, solved):
    assert leaks(site) == []
    assert len(leaks(solved)) > 30


def test_the_index_tells_of_every_page_and_every_word(site):
    words = " ".join(" ".join(reader(site / "index.html").words).split())
    assert "8 notebooks" in words
    assert "You can also begin with 4 Jacobians and VJPs or 6 Custom functions" in words
    assert len(re.findall(r"Minutes \d+", re.sub(r"\s+", " ", words))) == 8
    for word, _ in pages.glossary(build.NOTEBOOKS / "source"):
        assert word in words
    assert 'class="backprop-lab"' in (site / "index.html").read_text("utf-8")


def test_every_formula_is_mathml(site):
    for name in CHAPTERS:
        notebook = build.read(build.NOTEBOOKS / name.replace(".html", ".ipynb"))
        texts = [CODE.sub("", c.source) for c in notebook.cells if c.cell_type == "markdown"]
        formulas = sum(len(FORMULA.findall(text)) for text in texts)
        assert (site / name).read_text("utf-8").count("<math ") == formulas > 0
        assert not {*"$\\"} & {*"".join(reader(site / name).words)}


def test_functions_keep_their_distance():
    assert "<mspace" in formula(r"\log x")
    assert "<mspace" in formula(r"-\log \sum_k e^{x_k}")
    assert "<mspace" not in formula(r"\log(x)") + formula(r"f = \sin")


def test_headings_that_are_alike_have_addresses_of_their_own():
    prose = Prose()
    html = prose.html("## Next\n\n## Next\n\n## Next 2\n\n## ∂?")
    assert re.findall(r'id="([^"]*)"', html) == ["next", "next-2", "next-2-2", "section"]


# --- within itself -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_links_lead_somewhere_and_nothing_is_loaded_from_elsewhere(site, name):
    here = reader(site / name)
    assert len(here.ids()) == len({*here.ids()})
    for tag, attribute, value in here.found:
        if attribute in ("src", "href", "action", "srcset", "poster") and "://" in value:
            assert (tag, attribute) == ("a", "href")
            assert value.startswith("https://mybinder.org/v2/")
            assert (build.NOTEBOOKS / value.rpartition("/")[2]).exists()
        elif attribute in ("src", "href") and not value.startswith("data:"):
            file, _, place = value.partition("#")
            assert (site / (file or name)).exists()
            assert not place or place in reader(site / (file or name)).ids()


def test_each_page_leads_to_the_one_before_and_the_one_after(site):
    for i, name in enumerate(CHAPTERS):
        found = reader(site / name).found
        leads = {
            value: found[found.index(("a", "rel", value)) + 1][2]
            for tag, attribute, value in found
            if (tag, attribute) == ("a", "rel")
        }
        wanted = {
            "prev": CHAPTERS[i - 1] if i else None,
            "next": dict(enumerate(CHAPTERS)).get(i + 1),
        }
        assert leads == {rel: file for rel, file in wanted.items() if file}


def test_every_page_links_to_its_own_notebook_on_binder(site):
    for name in CHAPTERS:
        links = {v for _, a, v in reader(site / name).found if a == "href" and "mybinder" in v}
        assert [link.rpartition("/")[2] for link in links] == [name.replace(".html", ".ipynb")]


def test_the_pages_are_of_a_size_to_send(site):
    sizes = {path.name: path.stat().st_size for path in site.iterdir()}
    assert max(sizes.values()) < 1_000_000
    assert sum(sizes.values()) < 5_000_000


@pytest.mark.thorough
def test_another_process_writes_the_same_bytes():
    once, again = (
        subprocess.run(
            [sys.executable, "-c", FINGERPRINT], capture_output=True, text=True, check=True,
            cwd=build.ROOT, env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    )  # fmt: skip
    assert once == again


# --- at work -------------------------------------------------------------------------------------


def test_pictures_answer_from_the_disk_without_network(site, page_at):
    page = page_at(site / CHAIN_RULE)
    assert page.asked == []
    stepper = page.locator(".backprop-lab:has(+ script)").filter(has=page.locator(".keys")).first
    stepper.locator("button[aria-label^=Forward]").click()
    assert "step 1 of" in stepper.locator(".steps").text_content()
    for output in page.locator(".output:has(> .backprop-lab)").element_handles():
        assert output.evaluate(ANSWERS)


def test_search_finds_a_word_and_leads_there(site, page_at):
    page = page_at(site / CHAIN_RULE)
    field = page.get_by_role("searchbox", name="Search")
    field.fill("fold cotangent")
    assert page.locator("#found").text_content() != "No places"
    assert page.locator(".results mark").first.text_content().lower() in ("fold", "cotangent")
    page.locator(".results a", has_text="Fold it back").click()
    page.wait_for_url("**/05-*.html#exercise-fold-it-back*")
    assert (
        page.evaluate("() => document.querySelector(location.hash).getBoundingClientRect().y") < 200
    )


def test_search_says_when_there_is_nothing_and_esc_clears_it(site, page_at):
    page = page_at(site / "index.html")
    field = page.get_by_role("searchbox", name="Search")
    field.fill("<b>(")
    assert page.locator("#found").text_content() == "No places"
    field.fill("vector-Jacobian")
    assert page.locator(".results li").count() > 1
    field.press("Escape")
    assert field.input_value() == ""
    assert not page.locator(".results").is_visible()


@pytest.mark.parametrize("name, scheme", [("index.html", "light"), (CHAPTERS[5], "dark")])
def test_axe_finds_nothing(site, page_at, name, scheme):
    page = page_at(site / name, color_scheme=scheme)
    assert violations(page) == []


def test_page_and_pictures_are_dark_together(site, page_at):
    page = page_at(site / CHAIN_RULE, color_scheme="dark")
    page.wait_for_function(f"{PAGE_IS_DARK} && {PICTURES_DARK}.every(dark => dark)")
    page.emulate_media(color_scheme="light")
    page.wait_for_function(f"!{PAGE_IS_DARK} && !{PICTURES_DARK}.some(dark => dark)")


def test_on_paper_both_are_light(site, page_at):
    page = page_at(site / CHAIN_RULE, color_scheme="dark")
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    page.wait_for_function(f"!{PICTURES_DARK}.some(dark => dark)")
    page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    page.wait_for_function(f"{PICTURES_DARK}.every(dark => dark)")
    page.emulate_media(color_scheme="dark", media="print")
    page.wait_for_function(f"!{PAGE_IS_DARK}")
    assert not any(part.is_visible() for part in page.locator(".top, .toc, .pages").all())


def test_a_narrow_window_has_no_bar_of_its_own_and_boxes_scroll_by_keyboard(site, page_at):
    page = page_at(site / CHAIN_RULE, width=320)
    assert page.evaluate(WIDTH) <= 320
    box = page.locator("pre.code[tabindex='0']").first
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("box => box.scrollLeft > 0", arg=box.element_handle())


def test_without_scripts_there_are_images_and_no_search(site, page_at):
    page = page_at(site / CHAIN_RULE, java_script_enabled=False)
    assert page.locator(".backprop-lab img").first.is_visible()
    assert not page.get_by_role("search").is_visible()
    page.locator(".toc summary").click()
    assert page.locator(".toc a").first.is_visible()


@pytest.mark.thorough
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ALL)
def test_every_page_of_both_sites_is_within_reach(site, solved, page_at, name, scheme):
    """Wide and narrow, with every fold open and every picture at work."""
    for folder in (site, solved):
        for width in (1300, 320):
            page = page_at(folder / name, width=width, color_scheme=scheme)
            page.evaluate(
                "() => document.querySelectorAll('details').forEach(d => { d.open = 1; })"
            )
            for output in page.locator(".output:has(> .backprop-lab)").element_handles():
                output.evaluate(ANSWERS)
            assert violations(page) == []
            assert page.evaluate(WIDTH) <= width
            assert page.asked == []
            look(page, f"site-{folder.name}-{name[:2]}-{scheme}-{width}", full_page=True)


# --- what can go wrong ---------------------------------------------------------------------------


def test_a_folder_with_something_in_it_is_left_alone(tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("mine")
    assert main(["site", "--out", str(tmp_path)]) == 2
    assert "is not empty: name a folder that is not there yet" in capsys.readouterr().err
    assert main(["site", "--out", str(tmp_path / "thesis.txt")]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_command_says_where_to_look(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(pages, "make_site", lambda solved: {"index.html": str(solved)})
    assert main(["site", "--solved", "--out", str(tmp_path / "new" / "site")]) == 0
    assert (tmp_path / "new" / "site" / "index.html").read_text() == "True"
    assert "index.html, or put the folder on any web host" in capsys.readouterr().out


def test_a_notebook_that_was_not_built_is_named(monkeypatch):
    nowhere = build.ROOT / "nowhere.ipynb"
    monkeypatch.setattr(pages, "targets", lambda source: [(nowhere, False), (nowhere, True)])
    with pytest.raises(FileNotFoundError, match=r"no nowhere.ipynb .*backprop_lab build 01"):
        pages.make_site()


def test_a_readme_without_a_badge_is_named(tmp_path, monkeypatch):
    (tmp_path / "README.md").write_text("# A fork\n")
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    with pytest.raises(ValueError, match="no badge that opens a notebook on Binder"):
        pages.binder()


def test_a_package_that_is_missing_is_named_with_what_installs_it(tmp_path, monkeypatch, capsys):
    for name in ("pages", "prose"):
        monkeypatch.delitem(sys.modules, f"backprop_lab.coursework.site.{name}")
    monkeypatch.setitem(sys.modules, "latex2mathml.converter", None)
    assert main(["site", "--out", str(tmp_path / "site")]) == 2
    assert "latex2mathml" in (said := capsys.readouterr().err)
    assert 'pip install -e ".[site]"' in said
