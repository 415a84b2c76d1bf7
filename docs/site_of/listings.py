"""Each file of the project that a page links to gets a page with its text, and the link leads there."""

import re
from pathlib import Path

LINK = re.compile(r"\]\(((?:\.\./)+)([\w./-]+)(#[^)]*)?\)")
KINDS = {".py": "python", ".js": "javascript", ".md": "text", ".toml": "toml", ".yaml": "yaml", ".css": "css"}
SKIPPED = ("_build", "made", "site_of")


def wanted(docs):
    """The files and folders of the project that the pages link to, by their paths from its root."""
    root, found = docs.parent, set()
    for page in docs.rglob("*.md"):
        if page.relative_to(docs).parts[0] in SKIPPED:
            continue
        for up, path, _ in LINK.findall(page.read_text(encoding="utf-8")):
            target = (page.parent / up / path).resolve()
            if target.is_relative_to(root) and not target.is_relative_to(docs):
                found.add(target.relative_to(root))
    folders = [path for path in found if (root / path).is_dir()]
    return sorted(found | {p.relative_to(root) for folder in folders for p in files(root / folder)})


def files(folder):
    """The files in a folder that are shown."""
    return sorted(p for p in folder.iterdir() if p.suffix in KINDS)


def write(docs):
    """Write the pages, and those that are there already only if they change."""
    paths = wanted(docs)
    listed = "\n".join(f"{path}" for path in map(page_of, paths))
    head = "# The source\n\nThe files of the project that these pages refer to, as they are.\n\n"
    put(docs / "made/source/index.md", f"{head}```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n")
    for path in paths:
        whole = docs.parent / path
        if whole.is_dir():
            held = [(p.name, page_of(p.relative_to(docs.parent))) for p in files(whole)]
            rows = "\n".join(f"- [{name}](/made/source/{page}.md)" for name, page in held)
            text = f"# {shown(path)}/\n\n{rows or 'No files that can be shown here.'}\n"
        else:
            up = "../" * 3
            kind = KINDS.get(whole.suffix, "text")
            text = f"# {shown(path)}\n\n```{{literalinclude}} {up}{path}\n:language: {kind}\n:linenos:\n```\n"
        put(docs / f"made/source/{page_of(path)}.md", text)


def page_of(path):
    """The name of a file's page."""
    return str(path).replace("/", "-").replace(".", "-") or "root"


def shown(path):
    return str(path).replace("_", r"\_")


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def link(app, page, source):
    """Let the links of a page to files of the project lead to the pages of these."""
    docs = Path(app.srcdir)
    folder = (docs / page).parent

    def there(found):
        target = (folder / found[1] / found[2]).resolve()
        if target.is_relative_to(docs) or not target.is_relative_to(docs.parent):
            return found[0]
        return f"](/made/source/{page_of(target.relative_to(docs.parent))}.md)"

    source[0] = LINK.sub(there, source[0])
