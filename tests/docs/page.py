# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the page of `audit --format=html` and says what is wrong with it."""
import re
import unicodedata
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

DOCTYPE = "<!DOCTYPE html>\n"
# Nothing that runs, loads, embeds or asks.
ALLOWED = set("""html head meta title style body header nav main footer section article div p a h1 h2 h3 h4 h5 h6 ul li dl dt
    dd b span code pre time wbr table caption thead tbody tr th td details summary figure figcaption svg desc path rect line
    circle text""".split())
LANDMARKS = ("header", "nav", "main", "footer")
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
# Those that reverse, hide or move what stands around them.
DECEPTIVE = set("\u061c\u200b\u200c\u200d\u200e\u200f\u2028\u2029\ufeff\ufffe\uffff") | {
    chr(code) for code in (*range(0x202a, 0x202f), *range(0x2060, 0x2070))}


class Reader(HTMLParser):
    """What a browser's parser sees: [(tag, attributes)], and the text."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.words, self.odd = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    def handle_comment(self, data):
        self.odd.append(f"a comment: {data[:40]}")

    def handle_pi(self, data):
        self.odd.append(f"an instruction: {data[:40]}")

    def unknown_decl(self, data):
        self.odd.append(f"a declaration: {data[:40]}")


def text_of(page):
    """All letters of the page, without markup."""
    return "".join(Reader(page).words)


def shape(page):
    """The tags in their order: what no name may change."""
    return [tag for tag, _ in Reader(page).elements]


def letters_wrong(page):
    """Characters that no output may hold."""
    for letter in set(page) - {"\n"}:
        if unicodedata.category(letter) in ("Cc", "Cs", "Cn") or letter in DECEPTIVE:
            yield f"U+{ord(letter):04X} in the page"


def elements_wrong(elements):
    """What could run, load or lead away."""
    for tag, attributes in elements:
        if tag.lower() not in ALLOWED:
            yield f"an element {tag}"
        for name in attributes:
            if name.startswith("on") or name in ("style", "src", "srcset", "xlink:href", "action"):
                yield f"an attribute {name} of {tag}"
        if "href" in attributes and not attributes["href"].startswith("#"):
            yield f"a link to {attributes['href']}"


def names_wrong(elements):
    """ids are unique, and whatever refers to one finds it."""
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    yield from (f"two elements are called {name}" for name in sorted({i for i in ids if ids.count(i) > 1}))
    for tag, attributes in elements:
        wanted = attributes.get("aria-labelledby", "").split()
        wanted += [attributes["href"][1:]] if attributes.get("href", "").startswith("#") else []
        yield from (f"{tag} refers to {name}, which is not there" for name in wanted if name not in ids)


def access_wrong(elements):
    """Landmarks, headings without a gap, scopes, and words for pictures."""
    tags = [tag for tag, _ in elements]
    yield from (f"{tags.count(tag)} times {tag}" for tag in LANDMARKS if tags.count(tag) != 1)
    if ("html", {"lang": "en"}) not in elements:
        yield "no language"
    level = 0
    for tag in tags:
        if re.fullmatch("h[1-6]", tag):
            if int(tag[1]) > level + 1:
                yield f"{tag} below h{level}"
            level = int(tag[1])
    if tags.count("h1") != 1:
        yield f"{tags.count('h1')} times h1"
    yield from ("a table's head without scope" for tag, attributes in elements
                if tag == "th" and attributes.get("scope") not in ("col", "row"))
    if tags.count("table") != tags.count("caption"):
        yield "a table without caption"
    for tag, attributes in elements:
        if tag == "svg" and attributes.get("role") != "img" and "aria-hidden" not in attributes and "x" not in attributes:
            yield "a picture that is neither told nor hidden"
        if attributes.get("role") == "img" and len(attributes.get("aria-labelledby", "").split()) != 2:
            yield "a picture without title and description"


def style_wrong(page):
    """A sheet of which a browser would drop the rest."""
    depth, sheet = 0, page.split("<style>", 1)[1].split("</style>", 1)[0]
    for letter in sheet:
        depth += (letter == "{") - (letter == "}")
        if depth < 0:
            break
    if depth or not sheet.strip():
        yield "the braces of the sheet do not match"


def errors(page):
    """Everything that is wrong with a page."""
    if not page.startswith(DOCTYPE):
        yield f"it begins with {page[:20]!r}"
        return
    try:
        ElementTree.fromstring(page[len(DOCTYPE):])
    except ElementTree.ParseError as error:
        yield f"not well-formed: {error}"
        return
    reader = Reader(page)
    yield from reader.odd
    yield from letters_wrong(page)
    yield from style_wrong(page)
    yield from elements_wrong(reader.elements)
    yield from names_wrong(reader.elements)
    yield from access_wrong(reader.elements)
    policies = [attributes["content"] for tag, attributes in reader.elements if tag == "meta"
                and attributes.get("http-equiv") == "Content-Security-Policy"]
    if len(policies) != 1 or not policies[0].startswith(POLICY):
        yield f"policies: {policies}"
