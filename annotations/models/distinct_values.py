"""What occurs in a column of a project's acquisitions, at a price that does not grow with them."""

from django.db import connection

from annotations.models.acquisition import FILTERED

# From one value straight to the next by the index on (project, column): DISTINCT would read every row.
NEXT = """
    WITH RECURSIVE found(value) AS (
        (SELECT {name} FROM annotations_acquisition WHERE project_id = %(project)s AND {name} IS NOT NULL
         ORDER BY {name} LIMIT 1)
        UNION ALL
        SELECT (SELECT {name} FROM annotations_acquisition
                WHERE project_id = %(project)s AND {name} > found.value ORDER BY {name} LIMIT 1)
        FROM found WHERE found.value IS NOT NULL
    )
    SELECT value FROM found WHERE value IS NOT NULL
"""


def distinct_values(project, name):
    """All values but the empty one, in order; `name` is one of FILTERED."""
    if name not in FILTERED:
        raise ValueError(f"There is no index for the values of {name}.")
    with connection.cursor() as cursor:
        cursor.execute(NEXT.format(name=name), {"project": project.pk})
        return [value for (value,) in cursor.fetchall() if value != ""]
