# SPDX-License-Identifier: Apache-2.0
"""The nodes through SSH: the OpenSSH client and paramiko."""

import socket
import subprocess

import pytest

from ..api import GPFSCluster, unavailable

paramiko = pytest.importorskip("paramiko")

STATE = "/usr/lpp/mmfs/bin/mmgetstate -Y"
SECONDS = 120


@pytest.fixture
def gpfs(gpfs_shared_cluster):
    return gpfs_shared_cluster


def ssh(cluster, command, node=0):
    return subprocess.run(cluster.ssh(node) + [command], text=True,
                          capture_output=True, timeout=SECONDS,
                          stdin=subprocess.DEVNULL)


class Connection:
    """A paramiko client of a node."""

    def __init__(self, cluster, number=0, **how):
        self.client = paramiko.SSHClient()
        self.client.load_host_keys(cluster.known_hosts)
        node = cluster.nodes[number]
        how = how or {"key_filename": cluster.private_key}
        self.client.connect(node.address, node.port, "root",
                            allow_agent=False, look_for_keys=False,
                            timeout=SECONDS, banner_timeout=SECONDS,
                            auth_timeout=SECONDS, **how)

    def start(self, command):
        channel = self.client.get_transport().open_session()
        channel.settimeout(SECONDS)
        channel.exec_command(command)
        return channel

    def run(self, command):
        channel = self.start(command)
        out = channel.makefile("rb").read()
        return channel.recv_exit_status(), out.decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()


def test_openssh(gpfs):
    for number, node in enumerate(gpfs.nodes):
        done = ssh(gpfs, STATE, number)
        assert done.returncode == 0, done.stderr
        assert f":{node.name}:" in done.stdout
        assert done.stderr == ""
    records = gpfs.journal.records()
    assert [r.node for r in records] == ["node1", "node2"]
    assert records[0].connection.startswith("127.")


def test_paramiko_and_one_connection_for_all(gpfs):
    with Connection(gpfs) as connection:
        for _ in range(3):
            assert connection.run(STATE)[0] == 0
        assert gpfs.nodes[0].connections() == {"accepted": 1, "open": 1}
    assert len({r.connection for r in gpfs.journal.records()}) == 1


def test_exit_status_and_streams(gpfs):
    done = ssh(gpfs, "echo out; echo err >&2; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (
        7, "out\n", "err\n")


def test_mm_commands_are_not_on_the_path(gpfs):
    assert ssh(gpfs, "mmgetstate").returncode == 127
    assert ssh(gpfs, "exportfs -s").returncode == 0


def test_exit_signal(gpfs):
    gpfs.faults.add("mmdf", signal=9)
    with Connection(gpfs) as connection:
        assert connection.run("exec /usr/lpp/mmfs/bin/mmdf gpfs0")[0] == -1


@pytest.mark.parametrize("when", ["before", "after"])
def test_connection_cut_by_a_fault(gpfs, when):
    gpfs.faults.add("mmcrfileset", cut=when)
    with Connection(gpfs) as connection:
        status, _ = connection.run(
            "/usr/lpp/mmfs/bin/mmcrfileset gpfs0 a --inode-space new")
        assert status == -1
        gpfs.journal.wait(1)
    assert ("a" in gpfs.filesets()) == (when == "after")
    with Connection(gpfs) as connection:
        assert connection.run(STATE)[0] == 0


def test_killed_connections_leave_commands_running(gpfs):
    one = gpfs.nodes[0]
    fault = gpfs.faults.add("mmcrfileset", hang="before")
    with Connection(gpfs) as connection:
        channel = connection.start(
            "/usr/lpp/mmfs/bin/mmcrfileset gpfs0 a")
        fault.wait()
        one.kill_connections()
        assert channel.recv_exit_status() == -1
    assert one.connections()["open"] == 0
    fault.release()
    gpfs.journal.wait(1)
    assert "a" in gpfs.filesets()


def test_power_off_kills_commands(gpfs):
    one = gpfs.nodes[0]
    fault = gpfs.faults.add("mmcrfileset", hang="before")
    with Connection(gpfs) as connection:
        channel = connection.start("/usr/lpp/mmfs/bin/mmcrfileset gpfs0 a")
        fault.wait()
        one.power_off()
        assert channel.recv_exit_status() == -1
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((one.address, one.port), SECONDS)
    gpfs.journal.wait(1)
    assert gpfs.journal.records()[0].status is None
    done = gpfs.nodes[1].run([STATE.split()[0], "-a", "-Y"])
    assert ":down:" in done.stdout
    one.power_on()
    assert "a" not in gpfs.filesets()
    assert ssh(gpfs, STATE).returncode == 0


def test_host_key_change(gpfs):
    gpfs.nodes[0].change_host_key()
    assert "HOST IDENTIFICATION HAS CHANGED" in ssh(gpfs, STATE).stderr
    with pytest.raises(paramiko.BadHostKeyException):
        Connection(gpfs)
    gpfs.write_known_hosts()
    assert ssh(gpfs, STATE).returncode == 0


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_host_key_types(gpfs, kind):
    gpfs.nodes[0].configure(host_keys=[kind])
    gpfs.write_known_hosts()
    assert kind in open(gpfs.known_hosts).readline()
    assert ssh(gpfs, STATE).returncode == 0
    assert Connection(gpfs).run(STATE)[0] == 0


@pytest.mark.parametrize("auth", ["password", "keyboard-interactive"])
def test_passwords(gpfs, auth):
    gpfs.nodes[0].configure(auth=[auth], password="gpfs secret")
    assert ssh(gpfs, STATE).returncode == 255        # no password
    with Connection(gpfs, password="gpfs secret") as connection:
        assert connection.run(STATE)[0] == 0
    with pytest.raises(paramiko.AuthenticationException):
        Connection(gpfs, password="wrong")
    log = gpfs.nodes[0].sshd_log()
    assert f"Accepted {auth}" in log


def test_password_is_not_accepted_by_default(gpfs):
    with pytest.raises(paramiko.BadAuthenticationType):
        Connection(gpfs, password="gpfs secret")


def test_session_limit(gpfs):
    gpfs.nodes[0].configure(max_sessions=2)
    fault = gpfs.faults.add("mmdf", hang="before", times=None)
    with Connection(gpfs) as connection:
        for _ in range(2):
            connection.start("/usr/lpp/mmfs/bin/mmdf gpfs0")
        fault.wait(2)
        with pytest.raises(paramiko.ChannelException):
            connection.start("true")
        fault.release()


def test_extra_sshd_settings(gpfs):
    gpfs.nodes[0].configure(sshd_config=["SetEnv SIMULATED=yes",
                                         "MaxAuthTries 2"])
    assert ssh(gpfs, "echo $SIMULATED").stdout == "yes\n"


def test_noise_of_a_login_shell(gpfs):
    one = gpfs.nodes[0]
    one.set_bashrc("echo Welcome to node1\n")
    assert "Welcome" not in ssh(gpfs, STATE).stdout
    one.configure(shell="/bin/bash")
    assert ssh(gpfs, STATE).stdout.startswith("Welcome to node1\nmmget")


def test_no_banner_while_not_accepting(gpfs):
    one = gpfs.nodes[0]
    one.stop_accepting()
    with socket.create_connection((one.address, one.port), SECONDS) as sock:
        sock.settimeout(0.1)
        with pytest.raises(TimeoutError):
            sock.recv(1)
        one.start_accepting()
        sock.settimeout(SECONDS)
        assert sock.recv(4) == b"SSH-"


def test_refused_connections(gpfs):
    one = gpfs.nodes[0]
    one.refuse_connections()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((one.address, one.port), SECONDS)
    assert ssh(gpfs, STATE, 1).returncode == 0
    one.refuse_connections(False)
    assert ssh(gpfs, STATE).returncode == 0


def test_frozen_node(gpfs):
    one = gpfs.nodes[0]
    with Connection(gpfs) as connection:
        assert connection.run("true")[0] == 0
        one.freeze()
        connection.client.get_transport().open_session   # still connected
        with socket.create_connection((one.address, one.port),
                                      SECONDS) as sock:
            sock.settimeout(0.1)
            with pytest.raises(TimeoutError):
                sock.recv(1)
        one.thaw()
        assert connection.run("true")[0] == 0


def test_all_nodes_share_one_port(gpfs):
    assert len({n.port for n in gpfs.nodes}) == 1
    assert len({n.address for n in gpfs.nodes}) == 2


def test_settings_from_the_start():
    if unavailable():
        pytest.skip(unavailable())
    with GPFSCluster(release="4.2", auth=["password"], password="x",
                     host_keys=["ecdsa"]) as cluster:
        with Connection(cluster, password="x") as connection:
            assert connection.run(STATE)[0] == 0
