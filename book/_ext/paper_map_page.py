"""The directive `paper-map`: one part of the map of the paper, looked up anew in each build by tools/paper_map.py."""

import sys
from pathlib import Path

from docutils.nodes import Element
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))


class PaperMap(SphinxDirective):
    """Takes the name of a part, one of tools/paper_map.py's PARTS."""

    required_arguments = 1

    def run(self):
        from paper_map import ITEMS, part

        self.env.note_dependency(str(ITEMS))
        self.env.note_reread()  # the code and the results that it reads are not Sphinx's to watch
        parent = Element()
        lines = StringList(part(self.arguments[0]).splitlines(), source=str(ITEMS))
        self.state.nested_parse(lines, 0, parent)
        return parent.children


def setup(app):
    app.add_directive("paper-map", PaperMap)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
