"""Development's token issuer and the services' own check of its tokens."""

import json
from datetime import timedelta

import pytest

from deploy.local.issuer import Issuer, NoIssuer
from shared.auth import Role, Unauthenticated, Verifier


@pytest.fixture
def issuer(tmp_path):
    issuer = Issuer(tmp_path)
    issuer.prepare()
    return issuer


def test_a_service_takes_its_token_for_what_it_says(issuer):
    token = issuer.token(
        [Role.WARD_NURSE, Role.COORDINATOR], "nurse-7", timedelta(hours=1), wards=["N3"], clinics=["echo"]
    )
    caller = Verifier(issuer.jwks).caller(token)
    assert caller.subject == "nurse-7"
    assert caller.roles == {Role.WARD_NURSE, Role.COORDINATOR}
    assert (caller.wards, caller.clinics) == ({"N3"}, {"echo"})


def test_a_token_of_the_past_is_refused(issuer):
    token = issuer.token(Role.VIEWER, "visitor", timedelta(minutes=-5))
    with pytest.raises(Unauthenticated, match="expired"):
        Verifier(issuer.jwks).caller(token)


def test_another_issuers_token_is_refused(issuer, tmp_path):
    other = Issuer(tmp_path / "other")
    other.prepare()
    with pytest.raises(Unauthenticated):
        Verifier(issuer.jwks).caller(other.token(Role.VIEWER, "visitor"))


def test_services_see_the_public_part_only_and_the_key_stays(issuer):
    before = issuer.private_key.read_text()
    issuer.prepare()
    assert issuer.private_key.read_text() == before
    assert (issuer.private_key.stat().st_mode & 0o077) == 0
    (public,) = json.loads(issuer.jwks.read_text())["keys"]
    assert "d" not in public


def test_without_a_stack_the_way_to_one_is_said(tmp_path):
    with pytest.raises(NoIssuer, match="journey up"):
        Issuer(tmp_path).token(Role.VIEWER, "visitor")
