from annotations.models import Project


def test_a_stranger_sees_no_project(project, mia, zoe):
    assert list(Project.objects.visible_to(mia)) == [project]
    assert not Project.objects.visible_to(zoe).exists()
