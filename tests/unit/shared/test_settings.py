"""Settings from the environment, as sentences."""

import pytest
from pydantic import AnyHttpUrl, Field, ValidationError

from shared.settings import Settings, load

PASSWORD = "seeded-secret-7341"  # noqa: S105 - the canary that must never be printed


class ConsoleSettings(Settings):
    """A service with a setting of its own."""

    service_urls: dict[str, AnyHttpUrl] = Field(description='give a JSON object such as {"beds": "http://127.0.0.1:1"}')


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """A complete environment, and the function that changes one variable of it (None takes it away)."""
    (tmp_path / "jwks.json").write_text("{}")

    def change(**variables):
        for name, value in variables.items():
            if value is None:
                monkeypatch.delenv(f"JOURNEY_{name}")
            else:
                monkeypatch.setenv(f"JOURNEY_{name}", str(value))

    change(
        DATABASE_URL=f"postgresql://beds:{PASSWORD}@127.0.0.1:5432/beds",
        KAFKA="kafka-0:9092,[::1]:9092",
        HTTP_PORT=8001,
        JWKS=tmp_path / "jwks.json",
    )
    return change


def refusal(capsys, settings_class=Settings):
    """What a process says on its way out."""
    with pytest.raises(SystemExit) as end:
        load(settings_class, "beds")
    assert end.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    return said.err


@pytest.mark.usefixtures("environment")
def test_the_environment_becomes_settings_with_the_documented_defaults():
    settings = load(Settings, "beds")
    assert settings.service == "beds"
    assert settings.database_url.get_secret_value().endswith("@127.0.0.1:5432/beds")
    assert (settings.http_host, settings.http_port, settings.clock) == ("127.0.0.1", 8001, "system")
    assert (settings.instance, settings.log_level, settings.pool_size, settings.parent_pid) == ("1", "info", 12, None)


def test_the_code_names_the_service_whatever_the_environment_says(environment):
    environment(SERVICE="discharge")
    assert load(Settings, "beds").service == "beds"


@pytest.mark.usefixtures("environment")
def test_settings_cannot_be_changed():
    with pytest.raises(ValidationError):
        load(Settings, "beds").pool_size = 3


@pytest.mark.usefixtures("environment")
def test_the_password_is_in_no_picture_of_the_settings():
    settings = load(Settings, "beds")
    assert PASSWORD not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_a_process_that_was_told_nothing_names_every_missing_variable_and_a_remedy(capsys):
    said = refusal(capsys)
    for variable in ("DATABASE_URL", "KAFKA", "HTTP_PORT", "JWKS"):
        assert f"JOURNEY_{variable}: is missing; give " in said
    assert said.startswith("beds cannot start, 4 settings wrong or missing:\n")


def test_everything_wrong_is_said_at_once_and_no_value_is_printed(environment, capsys):
    environment(
        DATABASE_URL=f"mysql://beds:{PASSWORD}@127.0.0.1/beds",
        KAFKA="no-port",
        HTTP_PORT="eighty",
        CLOCK="/no/such/clock",
        JWKS="/no/such/jwks",
        INSTANCE="Upper Case",
        LOG_LEVEL="loud",
        POOL_SIZE="13",
        PARENT_PID="0",
    )
    said = refusal(capsys)
    assert said.count("\n  JOURNEY_") == 9
    assert (
        "JOURNEY_POOL_SIZE: input should be less than or equal to 12; give the number of database connections" in said
    )
    for value in (PASSWORD, "no-port", "eighty", "/no/such", "Upper Case", "loud"):
        assert value not in said


def test_an_empty_variable_tells_nothing(environment, capsys):
    environment(POOL_SIZE="", LANE="", OTLP_ENDPOINT="")
    settings = load(Settings, "beds")
    assert (settings.pool_size, settings.lane, settings.otlp_endpoint) == (12, None, None)
    environment(KAFKA="")
    assert "JOURNEY_KAFKA: is missing" in refusal(capsys)


def test_an_address_without_a_database_name_is_refused(environment, capsys):
    environment(DATABASE_URL=f"postgresql://beds:{PASSWORD}@127.0.0.1:5432")
    assert PASSWORD not in (said := refusal(capsys))
    assert "no PostgreSQL address with a database name" in said


def test_a_database_behind_a_socket_is_welcome(environment):
    environment(DATABASE_URL="postgresql://beds:pw@/beds?host=/run/postgres")
    assert load(Settings, "beds").database_url.get_secret_value().endswith("host=/run/postgres")


def test_a_service_adds_settings_of_its_own_as_json(environment):
    environment(SERVICE_URLS='{"beds": "http://127.0.0.1:8001"}')
    assert load(ConsoleSettings, "console").service_urls["beds"].port == 8001


@pytest.mark.parametrize(
    ("value", "said"),
    [("{nope", "JOURNEY_SERVICE_URLS: is no valid JSON"), ('{"beds": "nope"}', "JOURNEY_SERVICE_URLS at beds: input")],
)
def test_a_wrong_json_setting_names_its_place_beside_all_else_that_is_wrong(environment, capsys, value, said):
    environment(SERVICE_URLS=value, KAFKA=None)
    lines = refusal(capsys, ConsoleSettings).splitlines()
    assert len(lines) == 3
    assert lines[2].strip().startswith(said)
