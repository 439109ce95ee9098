"""Every public function and macro has a summary, one that returns a status says which or names another that does,
no two pages have one title, every page has its place in the manual's contents and in the lists for a forge.

    check_manual.py DOCS_FOLDER XML_FOLDER
"""

import collections
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

docs, xml = map(pathlib.Path, sys.argv[1:])
wrong, functions, titles, below = [], 0, collections.defaultdict(list), collections.Counter()
for path in sorted(xml.glob("*.xml")):
    for compound in ElementTree.parse(path).iter("compounddef"):
        if compound.get("kind") == "page":
            titles[compound.findtext("title")].append(compound.get("id"))
            below.update(page.get("refid") for page in compound.iter("innerpage"))
        if compound.get("prot") == "private":
            continue
        for member in compound.iter("memberdef"):
            if member.get("kind") in ("function", "define") and member.get("prot") != "private":
                functions += 1
                if not "".join(member.find("briefdescription").itertext()).strip():
                    wrong.append(f"{member.findtext('name')} has no summary")
                text = " ".join("".join(member.find("detaileddescription").itertext()).split())
                refers = re.search(r"lat_\w+\(\)", "".join(member.find("briefdescription").itertext()) + text)
                returns = member.find(".//simplesect[@kind='return']") is not None
                if (member.findtext("definition") or "").startswith("lat_status lat_") and not returns and not refers:
                    wrong.append(f"{member.findtext('name')} does not say what it returns")
pages = {page for same in titles.values() for page in same}
wrong += [f"{len(same)} pages have the title {title}: {same}" for title, same in titles.items() if len(same) > 1]
wrong += [f"page {page} is {below[page]} times in the contents" for page in sorted(pages - {"indexpage"})
          if below[page] != 1]
for index in (docs / "README.md", docs / "results" / "README.md"):
    links = set(re.findall(r"\]\(([^)]+\.md)\)", index.read_text()))
    here = {path.name for path in index.parent.glob("*.md")} - {"README.md", "mainpage.md"}
    wrong += [f"{index} does not list {name}" for name in sorted(here - links)]
    wrong += [f"{index} lists {name}, which is not there" for name in sorted(links) if not (index.parent / name).exists()]
print(f"{functions} functions and macros, {len(pages)} pages", *wrong, sep="\n")
sys.exit(1 if wrong or functions == 0 or len(pages) < 20 else 0)
