# SPDX-License-Identifier: Apache-2.0
"""The SSH executor with servers that sshd's tests can't stand in for."""

import concurrent.futures
import contextlib
import socket
import subprocess
import sys
import time

import pytest

from tests.functional.core_files import found
from tests.functional.odd_ssh import HOST, Server

RETRY_SECONDS = 15      # a server that refused more may take it then


@pytest.fixture
def serve(tmp_path):
    with contextlib.ExitStack() as stack:
        def new(*behaviours, **more):
            server = Server(tmp_path / "known_hosts", *behaviours, **more)
            stack.callback(server.close)
            return server
        yield new


def test_a_server_that_works(serve):
    ssh = serve("work").executor()
    assert ssh.execute("echo", "it's", "me") == ("it's me\n", "")


@pytest.mark.parametrize("hashed", [False, True])
def test_names_of_hosts_have_no_case(serve, hashed):
    server = serve("work")
    text = server.known_hosts.read_text()
    server.known_hosts.write_text(text.replace("127.0.0.1", "localhost"))
    if hashed:
        subprocess.run(["ssh-keygen", "-q", "-H", "-f",
                        str(server.known_hosts)], check=True)
    ssh = server.executor(host="LocalHost")
    assert ssh.execute("echo", "me") == ("me\n", "")


def test_a_server_that_drops_who_logged_in(serve):
    server = serve("drop")
    ssh = server.executor()
    with pytest.raises(Exception) as caught:
        ssh.execute("true")
    assert caught.value.native_code == "CONNECT"
    assert len(server.connections) == 1


def test_one_connection_is_all_that_the_server_allows(serve, tmp_path):
    server = serve("work", "drop")
    ssh = server.executor()
    go = tmp_path / "go"
    begun = time.monotonic()
    script = f"until [ -e '{go}' ]; do sleep 0.01; done; echo $1"
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = [pool.submit(ssh.execute, "sh", "-c", script, "sh", str(i))
                   for i in range(16)]
        while (len(server.connections) < 2
               or not server.connections[1].dropped):
            time.sleep(0.01)
        go.touch()
        assert [answer.result() for answer in answers] == [
            (f"{i}\n", "") for i in range(16)]
    tries = len(server.connections)
    assert 2 <= tries <= 2 + (time.monotonic() - begun) // RETRY_SECONDS


def test_the_end_of_a_connection_without_shells(serve):
    server = serve("work")
    ssh = server.executor()
    ssh.execute("true")
    connection = server.connections[0]
    transport = connection.transport
    connection.shells[0].close()
    while len(transport._channels):     # until the client closed it, too
        time.sleep(0.01)
    transport.global_request("keepalive@openssh.com", wait=False)
    connection.sock.shutdown(socket.SHUT_WR)
    transport.join(120)
    assert not transport.is_active()    # the client closed its end
    assert ssh.execute("echo", "again") == ("again\n", "")


@pytest.mark.parametrize("auths", ["password", "keyboard-interactive"])
def test_passwords_in_core_files(serve, auths):
    password = b"s3cr3t-Passw0rd/of+the=node"
    server = serve("work", auths=auths)
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.functional.ssh_memory", HOST,
         str(server.port), str(server.known_hosts)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        child.stdin.write(password)
        child.stdin.flush()
        for state in (b"set up\n", b"done\n"):
            assert child.stdout.readline() == state
            assert found(child.pid, [password]) == []
            child.stdin.write(b"go on\n")
            child.stdin.flush()
    finally:
        child.kill()
        child.communicate()
