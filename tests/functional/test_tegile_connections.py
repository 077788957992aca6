# SPDX-License-Identifier: Apache-2.0
"""Connections to an array that fail, end, hang, or can't be trusted."""

import os
import shutil
import subprocess
import threading

import pytest

from manila_native import exceptions
from tests.functional import drivers
from tests.functional.tegile_worlds import (NEW, LogOfAll, World, all_of,
                                            check_error, make_driver, secrets)

UNTRUSTED = ("self-signed", "expired", "not-yet-valid", "wrong-name",
             "other-ca")


@pytest.fixture
def world():
    world = World(settings={"tegile_request_timeout": 30,
                            "tegile_operation_timeout": 60})
    yield world
    world.close()


@pytest.mark.parametrize("how", ["refuse", "tls-garbage", "tls-hang"])
@drivers.hasty
def test_no_connection(world, how):
    share = world.make_share()
    hasty = make_driver(world.array, tegile_operation_timeout=2)
    world.array.fault(None, how=how, times=None)
    with pytest.raises(exceptions.TegileException) as caught:
        hasty.create_share(None, share)
    check_error(caught.value, world, share, "openstack/createShare")
    assert "outcome unknown" not in str(caught.value)
    with pytest.raises(exceptions.TegileException) as caught:
        hasty.check_for_setup_error()
    assert world.array.host in str(caught.value)
    world.array.clear_faults()
    world.array.release()
    assert not world.array.calls("createShare")
    world.create(share)
    assert world.quota(share) == 1


@pytest.mark.parametrize("how", ["tls-garbage", "tls-hang"])
def test_connection_fails_once(world, how):
    driver = make_driver(world.array, tegile_connect_timeout=1)
    driver.create_share(None, world.make_share())
    world.array.fault(None, how=how)
    driver.create_share(None, world.make_share())
    assert len(world.array.calls("createShare")) == 2


def test_refused_for_a_moment(world):
    """Such as while the array's controllers change their roles."""
    share = world.make_share()
    driver = make_driver(world.array, tegile_operation_timeout=60)
    world.array.fault(None, how="refuse")
    creation = threading.Thread(target=driver.create_share,
                                args=(None, share))
    creation.start()
    creation.join(0.3)
    assert creation.is_alive()
    world.array.clear_faults()
    creation.join(60)
    assert world.quota(share) == 1


@pytest.mark.parametrize("firmware", ["3.5.1", "3.7.1"])
def test_stale_connections(world, firmware):
    """The server closed what is kept alive: nothing is done twice."""
    world.array.set_firmware(firmware)
    share = world.create()
    for end in (world.array.restart, world.array.drop_connections):
        end()
        world.create()
        end()
        snapshot = world.snap(share)
        end()
        world.driver.create_share_from_snapshot(None, world.make_share(),
                                                snapshot)
    for method, times in (("createShare", 3), ("createShareSnapshot", 2),
                          ("cloneShareSnapshot", 2)):
        calls = world.array.calls(method)
        assert [call.error for call in calls] == [None] * times


@pytest.mark.parametrize("how", ["reset", "close"])
def test_no_silent_repetition(world, how):
    """libcurl would send the request again on a new connection."""
    world.create()
    for when, repeated in (("after", 0), ("before", 1)):
        share = world.make_share()
        world.array.journal.clear()
        world.array.fault("createShare", how=how, when=when)
        world.create(share)
        asked = world.array.journal.methods()
        assert asked.count("createShare") == 1 + repeated
        first = asked.index("createShare")
        assert asked[first + 1] == "getShareIPAndMountPoint"


@pytest.mark.parametrize("how", ["reset", "close"])
def test_questions_are_repeated_at_once(world, how):
    """Statistics are asked for once: that the array had closed the connection
    is no failure."""
    world.create()
    world.array.journal.clear()
    world.array.fault("listSystemProperties", how=how, when="before")
    world.driver._get_array_stats()
    asked = world.array.journal.methods()
    assert asked.count("listSystemProperties") == 2


def test_one_request_does_not_take_all_time(world):
    share = world.create()
    hasty = make_driver(world.array, tegile_request_timeout=1,
                        tegile_operation_timeout=60)
    world.array.fault("modifyShareProperties", how="hang")
    hasty.extend_share(share, 3)
    assert world.quota(share) == 3


@pytest.mark.parametrize("how", ["reset", "close"])
@drivers.hasty
def test_lost_and_not_to_be_asked_about(world, how):
    """The error is that of what could not be done."""
    share = world.make_share()
    hasty = make_driver(world.array, tegile_operation_timeout=1)
    hasty.check_for_setup_error()
    world.array.fault("createShare", how=how, when="after")
    world.array.fault("getShareIPAndMountPoint", how="reset", times=None)
    with pytest.raises(exceptions.TegileException) as caught:
        hasty.create_share(None, share)
    check_error(caught.value, world, share, "openstack/createShare")
    assert "outcome unknown" in str(caught.value)
    assert "seek" not in str(caught.value)
    world.array.clear_faults()
    world.create(share)
    assert world.quota(share) == 1


@drivers.hasty
def test_out_of_time_but_not_half_made(world):
    """What remains to be done when an operation's time is over."""
    share = world.make_share()
    hasty = make_driver(world.array, tegile_operation_timeout=2,
                        tegile_request_timeout=1)
    world.array.fault("modifyShareProperties", how="hang", times=None)
    with pytest.raises(exceptions.TegileTimeoutException):
        hasty.create_share(None, share)
    assert not world.has(share)


# ---- certificates ----

def check_untrusted(error, world):
    text = str(error)
    assert "\n" not in text
    assert world.array.host in text
    assert "tegile_ssl_cert_path" in text
    assert "tegile_ssl_cert_verify" in text
    for secret in secrets():
        assert secret not in all_of(error)


@pytest.mark.parametrize("kind", UNTRUSTED)
def test_untrusted_certificate(kind):
    world = World(certificate=kind)
    try:
        accepted = world.array.connections
        with pytest.raises(exceptions.TegileConnectionException) as caught:
            world.driver.check_for_setup_error()
        check_untrusted(caught.value, world)
        with pytest.raises(exceptions.TegileConnectionException) as caught:
            world.create()
        check_untrusted(caught.value, world)
        assert world.array.connections <= accepted + 2   # no repetition
        assert not world.array.journal                   # no login was shown
        trusting = make_driver(world.array, tegile_ssl_cert_verify=False)
        trusting.check_for_setup_error()
        share = world.make_share()
        trusting.create_share(None, share)
        assert world.has(share)
    finally:
        world.close()


def test_certificate_changes(world):
    world.create()
    world.array.change_certificate("self-signed")
    world.array.journal.clear()
    with pytest.raises(exceptions.TegileConnectionException) as caught:
        world.create()
    check_untrusted(caught.value, world)
    assert not world.array.journal
    world.array.change_certificate("valid")
    world.create()


def test_certificate_of_the_array_itself():
    world = World(certificate="self-signed")
    try:
        driver = make_driver(
            world.array, tegile_ssl_cert_path=world.array.certificate_file)
        driver.check_for_setup_error()
    finally:
        world.close()


@pytest.mark.parametrize("slash", ["", "/"])
def test_directory_of_authorities(slash, world, tmp_path):
    shutil.copy(world.array.ca_file, tmp_path / "ca.pem")
    directory = f"{tmp_path}{slash}"
    driver = make_driver(world.array, tegile_ssl_cert_path=directory)
    with pytest.raises(exceptions.TegileConnectionException) as caught:
        driver.check_for_setup_error()      # not hashed yet
    check_untrusted(caught.value, world)
    subprocess.run(["openssl", "rehash", tmp_path], check=True)
    make_driver(world.array, tegile_ssl_cert_path=directory
                ).check_for_setup_error()


def test_certificate_file_is_missing(world):
    with pytest.raises(exceptions.TegileConfigurationException) as caught:
        make_driver(world.array, tegile_ssl_cert_path="/nowhere/ca.pem")
    assert "tegile_ssl_cert_path" in str(caught.value)
    assert "/nowhere/ca.pem" in str(caught.value)
    make_driver(world.array, tegile_ssl_cert_path="/nowhere/ca.pem",
                tegile_ssl_cert_verify=False).check_for_setup_error()


# ---- what is told ----

@pytest.mark.parametrize("status", ["401", "403", "200"])
def test_wrong_password(world, status):
    world.array.assume(wrong_password=status)
    wrong = "wr0ng-" + world.array.password
    with LogOfAll() as log:
        driver = make_driver(world.array, tegile_nas_password=wrong)
        with pytest.raises(exceptions.TegileConnectionException) as caught:
            driver.check_for_setup_error()
    assert "tegile_nas_password" in str(caught.value)
    assert len(world.array.journal) == 1        # accounts may get locked
    for secret in [*secrets(), *secrets(wrong)]:
        assert secret not in all_of(caught.value) + log.text


def test_nothing_tells_the_password(world):
    with LogOfAll() as log:
        world.array.fault("getFloatingIPList", how="status", status=500)
        share = world.create()                  # warns
        rule = drivers.make_rule(NEW)
        world.update(share, [rule], add=[rule])
        world.array.fault("modifyShareProperties", how="status", status=500)
        with pytest.raises(exceptions.TegileException) as caught:
            world.driver.extend_share(share, 3)
    assert "one export location" in log.text
    lines = [log.text, all_of(caught.value), repr(world.driver),
             repr(vars(world.driver))]
    pids = [os.getpid(), *subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(os.getpid())],
        stdout=subprocess.PIPE, text=True).stdout.split()]
    for pid in pids:
        try:
            with open(f"/proc/{pid}/cmdline") as file:
                lines.append(file.read())
        except (FileNotFoundError, ProcessLookupError):
            continue        # that was ps
    for secret in secrets():
        assert secret not in "\n".join(lines)


def test_odd_bytes_in_replies(world):
    """They do no harm to the one line that an error is."""
    share = world.create()
    body = b"\xff\xfe\x00\x1b[31m\r\nline\n" + b"\xe2\x82" * 400
    world.array.fault("modifyShareProperties", how="status", status=500,
                      body=body)
    with pytest.raises(exceptions.TegileException) as caught:
        world.driver.extend_share(share, 3)
    check_error(caught.value, world, share, "modifyShareProperties")
    assert str(caught.value).isprintable()
