"""A page says for whom it was made; the server does nothing on it for anybody else."""

from tests.factories import make_acquisition, make_frame, make_layer
from tests.integration.edits import add


def send(client, project, page_user):
    layer = make_layer(make_frame(make_acquisition(project)))
    url, body = f"/api/v1/layers/{layer.pk}/edits/", {"edits": [add()]}
    response = client.post(
        url, body, content_type="application/json", headers={"X-Page-User": str(page_user)}
    )
    return layer, response


def test_the_page_of_the_user_logged_in_may_write(member_client, project, mia):
    layer, response = send(member_client, project, mia.pk)
    assert response.status_code == 200
    assert layer.particles.get().created_by == mia


def test_the_page_of_another_user_may_not(member_client, project, owner):
    layer, response = send(member_client, project, owner.pk)
    assert response.status_code == 401
    assert response.json()["detail"] == "mia has logged in here since; log in as yourself to go on."
    assert not layer.particles.exists()
