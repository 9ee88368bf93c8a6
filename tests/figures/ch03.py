"""What chapter 03 shows: the module step by step, and what it costs."""

from ssagan_lite.teach import explore
from ssagan_lite.teach.bundle import Figure


def make_figures() -> dict[str, Figure]:
    return {
        "module-walk": explore.module_walk(title="Ten steps", alt="Ten boxes with arrows."),
        "module-costs": explore.module_walk(costs=True, title="The bill", alt="Five levels, two bars each."),
    }
