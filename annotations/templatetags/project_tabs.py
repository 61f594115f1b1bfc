"""The tabs of a project page: {% project_tabs %}name of the active one{% endproject_tabs %}."""

from django import template
from django.urls import reverse

register = template.Library()

# name of the tab, its words, its page, its icon
TABS = [
    ("images", "Images", "project", "images"),
    ("sizes", "Sizes", "project-sizes", "chart-column"),
    ("particles", "Particles", "project-particles", "table"),
    ("datasets", "Datasets", "project-datasets", "database"),
    ("runs", "Runs", "project-runs", "cpu"),
    ("models", "Models", "project-models", "layers"),
    ("export", "Export", "project-export", "download"),
    ("members", "Members", "project-members", "users"),
    ("classes", "Classes", "project-classes", "tags"),
]


@register.tag("project_tabs")
def parse(parser, token):
    active = parser.parse(("endproject_tabs",))
    parser.delete_first_token()
    return ProjectTabs(active, parser.origin)


class ProjectTabs(template.Node):
    """Its content is a block of the page, so that a page names its tab and the tab says aria-current."""

    def __init__(self, nodelist, origin):
        self.nodelist = nodelist
        self.origin = origin

    def render(self, context):
        active = self.nodelist.render(context).strip()
        known = [name for name, *_ in TABS]
        if active and active not in known:
            raise template.TemplateSyntaxError(f"Block tab must be one of {known}, got {active!r}.")
        project = context["project"]
        tabs = [
            {
                "words": words,
                "url": reverse(url, args=[project.pk]),
                "icon": icon,
                "is_active": name == active,
            }
            for name, words, url, icon in TABS
        ]
        nav = context.template.engine.get_template("parts/project_tabs.html")
        return nav.render(context.new({"tabs": tabs}))
