"""People are reached by apprise, with the message in words; what a service does wrong is a channel that is down."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest
from pydantic import SecretStr

from include.errors import SettingsError
from include.outbox.bodies import alarm_body, notice_body
from include.outbox.channels import ChannelError, Channels
from include.settings import Settings
from stack.ports import free_port
from tests.include.outbox.test_plan import noticed, told
from tests.support.serving import serving
from tests.support.webhook import Listener, listening


@pytest.fixture
def receiver() -> Iterator[Listener]:
    with listening() as running:
        yield running


def channels(*urls: str, **more: object) -> Channels:
    fields = {"alarm_channels": SecretStr(" ".join(urls)), **more}
    return Channels(Settings(_env_file=None, alarm_timeout_seconds=2).having(**fields))


def test_a_message_reaches_a_service_of_apprise_in_words_with_its_key(receiver: Listener) -> None:
    number = told(1, severity="critical")
    body = {**alarm_body(number, "http://x/"), "key": str(number.key)}

    channels(receiver.url.replace("http://", "json://"))[1].send(body)

    [taken] = receiver.bodies
    assert taken["title"] == "critical: high opened (alarm 1)"
    assert taken["message"].endswith(f"http://x/ [{number.key}]")


def test_a_service_that_does_not_take_it_is_a_channel_that_is_down(receiver: Listener) -> None:
    receiver.status = 500
    body = notice_body(noticed(1))

    with pytest.raises(ChannelError, match="the service did not take it"):
        channels(receiver.url.replace("http://", "json://"))[1].send(body)
    with pytest.raises(ChannelError) as raised:
        channels(f"json://127.0.0.1:{free_port()}/token-123")[1].send(body)
    assert "token" not in str(raised.value)


def test_a_service_of_apprise_follows_no_redirect_either() -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(302)
            self.send_header("Location", f"{address}/elsewhere")
            self.end_headers()

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

    with (
        serving(Handler) as address,
        pytest.raises(ChannelError, match="the service did not take it"),
    ):
        channels(address.replace("http://", "json://"))[1].send(notice_body(noticed(1)))


def test_a_service_that_never_answers_is_given_up(receiver: Listener) -> None:
    receiver.may_answer.clear()

    with pytest.raises(ChannelError):
        channels(receiver.url.replace("http://", "json://"))[1].send(notice_body(noticed(1)))


def test_an_address_that_apprise_does_not_know_is_named_by_its_place() -> None:
    with pytest.raises(SettingsError, match="ALARM_CHANNELS: entry 1 is no address that apprise knows"):
        channels("gopher://token@x/")


def test_operators_have_their_own_channel_or_the_first(receiver: Listener) -> None:
    secret = SecretStr("s")
    one = channels(receiver.url, alarm_webhook_secret=secret)
    two = channels(
        receiver.url, alarm_operators=SecretStr(receiver.url + "/own"), alarm_webhook_secret=secret
    )

    assert one.of_operators is one[1]
    assert two.of_operators is two[0] is not two[1]
    assert channels().of_operators is None
    assert (one.reach.numbers, two.reach.numbers, channels().reach.numbers) == ([1], [0, 1], [])
