"""What the Kubernetes files render to: valid by the published schemas, and held to what we promise of a workload."""

import json
import re
from functools import cache
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest

from deploy.local.jars import kafka_version
from services.beds.app import SERVICE as BEDS
from services.console.app import SERVICE as CONSOLE
from services.discharge.app import SERVICE as DISCHARGE
from services.followup.app import SERVICE as FOLLOWUP
from services.registration.app import SERVICE as REGISTRATION
from shared.broker import TOPICS
from tests.support.dockerfile import image_of
from tests.support.manifests import BY_HAND, OVERLAYS, SOURCES, WORKLOADS, every_container, of_kind, pod_of, rendered
from tests.support.tools import custom_schemas

SERVICES = {service.name: service for service in (REGISTRATION, BEDS, DISCHARGE, FOLLOWUP, CONSOLE)}
VERSION = "1.32"
CONNECTIONS_BESIDE_THE_POOL = 5

pytestmark = pytest.mark.timeout(600)


def closed(schema):
    """The schema as the API server takes it: a field it does not know is one too many."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {key: closed(value) for key, value in schema.items()}
    free = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if isinstance(schema.get("properties"), dict) and not free and schema.get("type") == "object":
        shut["additionalProperties"] = False
    return shut


@cache
def custom():
    """Checkers of the operators' own kinds."""
    found = {}
    for name, schema in custom_schemas().items():
        schema["properties"]["metadata"] = {"type": "object"}
        found[name] = jsonschema.Draft202012Validator(closed(schema))
    return found


@pytest.mark.parametrize("overlay", [*OVERLAYS, *BY_HAND])
def test_every_resource_fits_its_published_schema(overlay):
    for resource in rendered(overlay):
        group = resource["apiVersion"].partition("/")[0]
        if group.split(".")[-1] in {"sh", "io"} and not group.endswith("k8s.io"):
            checker = custom()[resource["apiVersion"], resource["kind"]]
            faults = [f"{list(fault.path)}: {fault.message}" for fault in checker.iter_errors(resource)]
            assert not faults, (resource["kind"], resource["metadata"]["name"], faults)
        else:
            kubernetes_validate.validate(resource, VERSION, strict=True)


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("Kafka", ("spec", "kafka", "listener"), []),
        ("KafkaTopic", ("spec", "partitions"), "twelve"),
        ("Cluster", ("spec", "instances"), 0),
        ("ScaledObject", ("spec", "scaleTarget"), {}),
    ],
)
def test_a_custom_resource_with_a_fault_does_not_fit(kind, path, value):
    spoilt = json.loads(json.dumps(next(iter(of_kind("high-availability", kind).values()))))
    place = spoilt
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert list(custom()[spoilt["apiVersion"], kind].iter_errors(spoilt))


def test_a_resource_with_a_fault_does_not_fit():
    spoilt = json.loads(json.dumps(of_kind("single-node", "StatefulSet")["beds"]))
    spoilt["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(spoilt, VERSION, strict=True)


@pytest.mark.parametrize("overlay", [*OVERLAYS, *BY_HAND])
def test_every_image_has_a_version(overlay):
    for name, container in every_container(overlay):
        assert re.search(r":[^:/]*\d+\.\d+", container["image"]), (name, container["image"])
    assert of_kind("single-node", "StatefulSet")["kafka"]["spec"]["template"]["spec"]["containers"][0][
        "image"
    ].endswith(f":{kafka_version()}")


@pytest.mark.parametrize("overlay", [*OVERLAYS, SOURCES])
def test_every_container_has_requests_and_limits_and_no_way_to_rise(overlay):
    for name, container in every_container(overlay):
        assert container["resources"]["requests"].keys() == container["resources"]["limits"].keys() == {"cpu", "memory"}
        hardened = container["securityContext"]
        assert hardened["allowPrivilegeEscalation"] is False
        assert hardened["capabilities"] == {"drop": ["ALL"]}
        assert hardened.get("readOnlyRootFilesystem") is True or name == "kafka"


@pytest.mark.parametrize("overlay", [*OVERLAYS, SOURCES])
def test_every_pod_runs_as_somebody_who_is_not_root_and_gets_no_key_to_the_cluster(overlay):
    for name, workload in of_kind(overlay, *WORKLOADS).items():
        pod = pod_of(workload)
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        if name in SERVICES:
            assert pod["securityContext"]["runAsUser"] == int(image_of(name).said("USER").partition(":")[0])


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("name", SERVICES)
def test_a_service_migrates_first_and_is_asked_for_its_health_at_the_images_port(overlay, name):
    pod = of_kind(overlay, "StatefulSet")[name]["spec"]["template"]["spec"]
    (migrate,), (service,) = pod["initContainers"], pod["containers"]
    assert migrate["image"] == service["image"]
    assert (migrate["args"], service["args"]) == (["migrate"], ["all"])
    assert migrate["env"] == service["env"]
    assert migrate["envFrom"] == service["envFrom"]
    probes = {kind: service[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")}
    assert probes == {"startup": "/health/ready", "readiness": "/health/ready", "liveness": "/health/live"}
    image = image_of(name).environment
    assert service["ports"][0]["containerPort"] == int(image["JOURNEY_HTTP_PORT"])
    mounted = {mount["mountPath"]: mount for mount in service["volumeMounts"]}
    assert mounted[str(Path(image["JOURNEY_JWKS"]).parent)]["readOnly"]


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_told_only_what_it_knows_and_all_that_it_needs(overlay, name):
    service = of_kind(overlay, "StatefulSet")[name]["spec"]["template"]["spec"]["containers"][0]
    maps = of_kind(overlay, "ConfigMap")
    told = {each["name"] for each in service["env"]}
    for source in service["envFrom"]:
        told |= maps[source["configMapRef"]["name"]]["data"].keys()
    fields = SERVICES[name].settings.model_fields
    given = {key.removeprefix("JOURNEY_").lower() for key in told if key.startswith("JOURNEY_")}
    assert given <= fields.keys()
    image = {key.removeprefix("JOURNEY_").lower() for key in image_of(name).environment if key.startswith("JOURNEY_")}
    assert {field for field, about in fields.items() if about.is_required()} <= given | image | {"service"}


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("name", SERVICES)
def test_replicas_are_told_apart_by_names_that_stay(overlay, name):
    workload = of_kind(overlay, "StatefulSet")[name]
    environment = {each["name"]: each for each in workload["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert environment["JOURNEY_INSTANCE"]["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    (rule,) = [each for each in SERVICES[name].settings.model_fields["instance"].metadata if hasattr(each, "pattern")]
    assert re.fullmatch(rule.pattern, f"{name}-11")


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_the_time_it_takes_to_stop(overlay, name):
    pod = of_kind(overlay, "StatefulSet")[name]["spec"]["template"]["spec"]
    rest = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] - rest >= 20


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_everything_that_selects_a_service_selects_that_one(overlay):
    for name in SERVICES:
        own = {"app.kubernetes.io/name": name}
        workload = of_kind(overlay, "StatefulSet")[name]
        pod = workload["spec"]["template"]
        assert own.items() <= pod["metadata"]["labels"].items()
        assert {"app.kubernetes.io/part-of": "carejourney"}.items() <= pod["metadata"]["labels"].items()
        assert workload["spec"]["selector"]["matchLabels"] == own
        assert of_kind(overlay, "Service")[name]["spec"]["selector"] == own
        assert of_kind(overlay, "PodDisruptionBudget")[name]["spec"]["selector"]["matchLabels"] == own
        assert of_kind(overlay, "NetworkPolicy")[name]["spec"]["podSelector"]["matchLabels"] == own
        spread = pod["spec"]["topologySpreadConstraints"]
        assert {each["topologyKey"] for each in spread} == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
        assert all(each["labelSelector"]["matchLabels"] == own for each in spread)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_only_the_console_calls_another_service(overlay):
    callers = {}
    for name, policy in of_kind(overlay, "NetworkPolicy").items():
        sources = [source for rule in policy["spec"]["ingress"] for source in rule["from"]]
        terms = [term for each in sources for term in each.get("podSelector", {}).get("matchExpressions", [])]
        callers[name] = [value for term in terms for value in term["values"]]
    assert callers["registration"] == ["console"]
    assert not any(callers[name] for name in SERVICES if name != "registration")


def test_the_topics_are_those_that_the_suite_speaks_on():
    told = {
        name: (topic["spec"]["partitions"], {key: str(value) for key, value in topic["spec"]["config"].items()})
        for name, topic in of_kind("high-availability", "KafkaTopic").items()
    }
    safe = {"min.insync.replicas": "2"}
    assert told == {topic.name: (topic.partitions, topic.settings | safe) for topic in TOPICS}


def test_each_service_is_scaled_by_the_lag_of_what_it_reacts_to():
    scaled = of_kind("high-availability", "ScaledObject")
    assert scaled.keys() == SERVICES.keys()
    for name, each in scaled.items():
        assert each["spec"]["scaleTargetRef"] == {"kind": "StatefulSet", "name": name}
        metadata = [trigger["metadata"] for trigger in each["spec"]["triggers"]]
        assert {trigger["consumerGroup"] for trigger in metadata} == {name}
        assert tuple(trigger["topic"] for trigger in metadata) == SERVICES[name].reactions.topics
        assert "replicas" not in of_kind("high-availability", "StatefulSet")[name]["spec"], "two would say how many"
        assert each["spec"]["minReplicaCount"] >= 2


def test_at_its_largest_the_suite_has_connections_enough():
    (cluster,) = of_kind("high-availability", "Cluster").values()
    most = 0
    for name, each in of_kind("high-availability", "ScaledObject").items():
        pool = SERVICES[name].settings.model_fields["pool_size"].default
        most += each["spec"]["maxReplicaCount"] * (pool + CONNECTIONS_BESIDE_THE_POOL)
    assert most < int(cluster["spec"]["postgresql"]["parameters"]["max_connections"])


def test_every_service_has_a_database_and_a_user_of_its_own_that_enters_no_other():
    (cluster,) = of_kind("high-availability", "Cluster").values()
    assert {role["name"] for role in cluster["spec"]["managed"]["roles"]} == SERVICES.keys()
    databases = of_kind("high-availability", "Database")
    assert {name: each["spec"]["owner"] for name, each in databases.items()} == {name: name for name in SERVICES}
    assert cluster["spec"]["postgresql"]["pg_hba"] == [
        "hostssl sameuser all all scram-sha-256",
        "host all all all reject",
    ]


def test_what_is_acknowledged_outlives_the_loss_of_a_machine():
    (cluster,) = of_kind("high-availability", "Cluster").values()
    assert cluster["spec"]["instances"] == 3
    assert cluster["spec"]["postgresql"]["synchronous"] == {"method": "any", "number": 1, "dataDurability": "required"}
    (kafka,) = of_kind("high-availability", "Kafka").values()
    assert kafka["spec"]["kafka"]["config"]["min.insync.replicas"] == 2
    pools = of_kind("high-availability", "KafkaNodePool")
    assert all(pool["spec"]["replicas"] == 3 for pool in pools.values())
    assert all(topic["spec"]["replicas"] == 3 for topic in of_kind("high-availability", "KafkaTopic").values())


@pytest.mark.parametrize("overlay", [*OVERLAYS, *BY_HAND])
def test_no_secret_is_in_the_files(overlay):
    assert not of_kind(overlay, "Secret")
