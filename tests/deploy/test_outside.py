"""What registration needs from outside (a place for materials, a scanner, a mail server) is there where it is told so.

Under compose and on Kubernetes alike: a path that a service is told lies in a volume that stays and that its user may
write to, and what it is told to call it may reach.
"""

import re
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import pytest

from services.registration.materials.model import LARGEST_BYTES
from services.registration.settings import RegistrationSettings
from shared.settings import load
from tests.support.dockerfile import image_of
from tests.support.manifests import DEPLOY, OVERLAYS, compose_file, containers, every_container, of_kind

pytestmark = pytest.mark.timeout(600)
CLAMD = dict(re.findall(r"(?m)^(\w+) (\S+)$", (DEPLOY / "clamav/clamd.conf").read_text()))
OUTGOING = "/var/lib/carejourney/reminders/outgoing.jsonl"


def compose(**told):
    """The compose file's services, with the example's settings and these."""
    return compose_file(**told)["services"]


def homeless(told, mounts):
    """The settings that name a path outside of every mount."""
    paths = {name: PurePosixPath(value) for name, value in told.items() if str(value).startswith("/")}
    return {name for name, path in paths.items() if not any(path.is_relative_to(mount) for mount in mounts)}


def homeless_in_compose(service):
    """The settings of a compose service that name a path in no volume."""
    return homeless(service.get("environment", {}), [mount.split(":")[1] for mount in service.get("volumes", ())])


def told_on(overlay, container):
    """What a container of an overlay is told, secrets by their place."""
    maps = of_kind(overlay, "ConfigMap")
    told = {each["name"]: each.get("value", str(each.get("valueFrom"))) for each in container.get("env", ())}
    for source in container.get("envFrom", ()):
        told |= maps[source["configMapRef"]["name"]]["data"]
    return told


def homeless_on(overlay, workload, container):
    """The settings that name a path in no volume that outlives the pod, or that the container may not write to."""
    volumes = {volume["name"]: volume for volume in workload["spec"]["template"]["spec"].get("volumes", ())}
    kept = [
        mount["mountPath"]
        for mount in container.get("volumeMounts", ())
        if "persistentVolumeClaim" in volumes.get(mount["name"], {}) and not mount.get("readOnly")
    ]
    return homeless(told_on(overlay, container), kept)


def registration(overlay):
    """Registration's workload and both of its containers."""
    workload = of_kind(overlay, "StatefulSet")["registration"]
    return workload, containers(workload)


def test_under_compose_every_path_lies_in_a_volume():
    for service in compose(REMINDER_FILE=OUTGOING).values():
        assert homeless_in_compose(service) == set()


def test_a_path_without_its_volume_is_found():
    service = compose(REMINDER_FILE="/tmp/outgoing.jsonl")["registration"]  # noqa: S108 - gone with the container
    assert homeless_in_compose(service) == {"JOURNEY_REMINDER_FILE"}
    assert homeless_in_compose(service | {"volumes": []}) == {"JOURNEY_MATERIALS", "JOURNEY_REMINDER_FILE"}


def test_a_new_volume_of_registration_is_its_users_because_the_images_folder_is():
    mounted = {mount.split(":")[1] for mount in compose()["registration"]["volumes"]}
    (made,) = [text for name, text in image_of("registration").steps if name == "RUN" and text.startswith("install ")]
    assert set(made.split()[1:]) == {"--directory", "--owner=journey", "--group=journey", "--mode=0700"} | mounted
    (user,) = [text for name, text in image_of("registration").steps if name == "RUN" and "useradd" in text]
    assert f"--uid {image_of('registration').said('USER').partition(':')[0]} " in user


@pytest.mark.parametrize(
    "told",
    [{}, {"SCANNER": "off", "REMINDER_FILE": OUTGOING}, {"SMTP_HOST": "mail", "SMTP_FROM": "a@b.example"}],
)
def test_registration_takes_what_compose_tells_it(told, monkeypatch, tmp_path):
    for name, value in compose(**told)["registration"]["environment"].items():
        place = Path(f"{tmp_path}{value}") if str(value).startswith("/") else None
        if place:
            (place.parent if place.suffix else place).mkdir(parents=True, exist_ok=True)
        monkeypatch.setenv(name, str(place or value))
    (tmp_path / "jwks.json").touch()
    monkeypatch.setenv("JOURNEY_JWKS", str(tmp_path / "jwks.json"))
    monkeypatch.setenv("JOURNEY_HTTP_PORT", "8000")
    settings = load(RegistrationSettings, "registration")
    assert settings.object_store is not None
    assert settings.virus_scanner is not None
    assert bool(settings.senders) == bool(told)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_on_kubernetes_every_path_of_registrations_settings_lies_in_a_volume_that_stays(overlay):
    workload, both = registration(overlay)
    for container in both:
        assert homeless_on(overlay, workload, container) == set()


def test_a_path_without_its_claim_is_found():
    workload, (_, service) = registration("single-node")
    (place,) = [mount for mount in service["volumeMounts"] if mount["name"] == "materials"]
    others = [mount for mount in service["volumeMounts"] if mount["name"] != "materials"]
    for mounts in (others, [*others, place | {"name": "scratch"}], [*others, place | {"readOnly": True}]):
        assert homeless_on("single-node", workload, service | {"volumeMounts": mounts}) == {"JOURNEY_MATERIALS"}


def test_the_claim_is_there_and_the_images_user_may_write_to_it():
    workload, _ = registration("single-node")
    pod = workload["spec"]["template"]["spec"]
    claims = {each["persistentVolumeClaim"]["claimName"] for each in pod["volumes"] if "persistentVolumeClaim" in each}
    assert claims <= of_kind("single-node", "PersistentVolumeClaim").keys()
    assert pod["securityContext"]["fsGroup"] == int(image_of("registration").said("USER").partition(":")[2])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_materials_are_kept_where_every_replica_reads_them(overlay):
    scaled = of_kind(overlay, "ScaledObject")
    for container in registration(overlay)[1]:
        kept = told_on(overlay, container)["JOURNEY_MATERIALS"]
        assert kept.startswith("s3://") == ("registration" in scaled), "a directory is one node's"


def ports_out(overlay, name, peer=None):
    """The ports that a pod of that name may call: the peer's of that name, or anybody's."""
    found = set()
    for rule in of_kind(overlay, "NetworkPolicy")[name]["spec"]["egress"]:
        named = [
            term["values"]
            for to in rule.get("to", ())
            for term in to.get("podSelector", {}).get("matchExpressions", [])
        ]
        if ("to" not in rule and peer is None) or [peer] in named:
            found |= {port["port"] for port in rule["ports"]}
    return found


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_registration_is_told_to_call_it_may_reach(overlay):
    told = told_on(overlay, registration(overlay)[1][1])
    host, _, port = told["JOURNEY_SCANNER"].partition(":")
    assert int(port) in ports_out(overlay, "registration", host)
    assert of_kind(overlay, "Service")[host]["spec"]["ports"][0]["port"] == int(port)
    assert {25, 465, RegistrationSettings.model_fields["smtp_port"].default} <= ports_out(overlay, "registration")
    if endpoint := told.get("JOURNEY_MATERIALS_ENDPOINT"):
        assert urlsplit(endpoint).scheme == "https"
        assert (urlsplit(endpoint).port or 443) in ports_out(overlay, "registration")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_only_registration_asks_the_scanner_and_signatures_may_come(overlay):
    policy = of_kind(overlay, "NetworkPolicy")["clamav"]["spec"]
    (rule,) = policy["ingress"]
    assert [term["values"] for each in rule["from"] for term in each["podSelector"]["matchExpressions"]] == [
        ["registration"]
    ]
    assert ports_out(overlay, "clamav") == {53, 443}


def test_the_scanner_listens_where_it_is_asked_and_takes_the_largest_material():
    services = compose()
    host, _, port = services["registration"]["environment"]["JOURNEY_SCANNER"].partition(":")
    assert host in services
    assert CLAMD["TCPSocket"] == port
    assert int(CLAMD["StreamMaxLength"].removesuffix("M")) * 1024 * 1024 > LARGEST_BYTES
    for overlay in OVERLAYS:
        (settings,) = [each for name, each in of_kind(overlay, "ConfigMap").items() if name.startswith("clamav-")]
        assert settings["data"]["clamd.conf"] == (DEPLOY / "clamav/clamd.conf").read_text()
        (clamd,) = [one for name, one in every_container(overlay) if one["name"] == "clamd"]
        assert clamd["ports"] == [{"name": "clamd", "containerPort": int(port)}]
        assert clamd["image"] == services["clamav"]["image"] == services["freshclam"]["image"]


def test_nobody_waits_for_the_scanner_and_it_shares_its_signatures_with_what_keeps_them_new():
    services = compose()
    assert not [name for name, service in services.items() if "clamav" in service.get("depends_on", ())]
    assert services["clamav"]["volumes"] == services["freshclam"]["volumes"]
    for overlay in OVERLAYS:
        pod = of_kind(overlay, "StatefulSet")["clamav"]
        mounts = [one["volumeMounts"] for one in containers(pod) if one["name"] in {"clamd", "freshclam"}]
        assert mounts[0] == mounts[1]
