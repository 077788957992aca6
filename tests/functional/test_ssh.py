# SPDX-License-Identifier: Apache-2.0
"""The SSH executor against a real sshd: faults, host keys, logins."""

import concurrent.futures
import os
import select
import subprocess
import threading

import pytest

from manila_native import _native
from tests.backends.gpfs import GPFSCluster


@pytest.fixture
def make(gpfs_cluster):
    """A maker of executors for the cluster's first node."""
    def new(cluster=gpfs_cluster, **changes):
        node = cluster.nodes[0]
        settings = dict(port=node.port, login=cluster.login,
                        private_key=cluster.private_key,
                        known_hosts=[cluster.known_hosts])
        settings.update(changes)
        return _native.SSHExecutor(node.address, **settings)
    return new


def fails(executor, *cmd, code, text=""):
    """The call fails with this kind of error; returns its one line."""
    with pytest.raises(Exception) as caught:
        executor.execute(*cmd)
    assert caught.value.native_code == code, str(caught.value)
    message = str(caught.value)
    assert text in message
    assert "\n" not in message
    return message


def works(executor):
    assert executor.execute("echo", "it's", "me") == ("it's me\n", "")


def works_in_time(executor):
    """For short limits: what stood still meanwhile may try again."""
    for _ in range(60):
        try:
            return works(executor)
        except Exception as error:
            assert error.native_code == "TIMEDOUT", error
    raise AssertionError("it never works")


# ---- commands ----

@pytest.mark.parametrize("argument", [
    "a b", "'", "it's", '"', "$(id)", "`id`", ";id", "a\nb", "-n", "\\",
    "*", "~", "#x", "!", "\x01\x1b[31m", "ü€", "", "a\\'b", "$'x'"])
def test_arguments_come_through_unchanged(make, argument):
    out, err = make().execute("/usr/bin/printf", "%s|", argument, "end")
    assert (out, err) == (argument + "|end|", "")


def test_output_input_and_status_are_exact(make):
    ssh = make()
    assert ssh.execute("cat", process_input="a\n'b'\n\n") == (
        "a\n'b'\n\n", "")
    assert ssh.execute("printf", "no newline") == ("no newline", "")
    with pytest.raises(_native.CommandError) as caught:
        ssh.execute("sh", "-c", "echo out; echo err >&2; exit 7")
    assert caught.value.exit_code == 7
    assert caught.value.stdout == "out\n"
    assert caught.value.stderr == "err\n"
    assert ssh.execute("sh", "-c", "exit 7", check_exit_code=[0, 7]) == (
        "", "")


def test_ten_mebibytes_on_each_stream(make):
    ssh = make()
    script = ("head -c 10485760 /dev/zero | tr '\\0' o & "
              "head -c 10485760 /dev/zero | tr '\\0' e >&2; wait")
    out, err = ssh.execute("sh", "-c", script)
    assert (len(out), len(err)) == (10485760, 10485760)
    assert set(out) == {"o"} and set(err) == {"e"}
    works(ssh)


def test_a_command_that_dies_by_a_signal(make):
    ssh = make()
    with pytest.raises(_native.CommandError) as caught:
        ssh.execute("sh", "-c", "kill -SEGV $$")
    assert caught.value.exit_code == 128 + 11
    works(ssh)


def test_a_command_that_never_ends_is_killed_on_the_server(
        make, gpfs_cluster):
    ssh = make()
    works(ssh)
    with pytest.raises(Exception, match="tail -f /dev/null") as caught:
        ssh.execute("tail", "-f", "/dev/null", timeout=1)
    assert "in time" in str(caught.value) or caught.value.exit_code == 124
    gpfs_cluster.nodes[0].run(
        ["sh", "-c", "while pgrep -x tail; do sleep 0.01; done"], check=True)
    works(ssh)


def test_a_server_that_hangs(make, gpfs_cluster):
    node = gpfs_cluster.nodes[0]
    ssh = make(command_timeout=1, connect_timeout=2)
    works_in_time(ssh)
    node.freeze()
    try:
        fails(ssh, "true", code="TIMEDOUT", text=node.address)
    finally:
        node.thaw()
    works_in_time(ssh)


def test_a_connection_cut_in_the_middle(make, gpfs_cluster):
    node = gpfs_cluster.nodes[0]
    ssh = make()
    hang = gpfs_cluster.faults.add("mmgetstate", hang="before")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        future = pool.submit(ssh.execute, "/usr/lpp/mmfs/bin/mmgetstate",
                             "-Y")
        hang.wait()
        node.kill_connections()
        error = future.exception()
    assert error.native_code == "CONNECT"
    assert "outcome unknown" in str(error) and node.address in str(error)
    gpfs_cluster.faults.clear()
    works(ssh)


def test_a_reboot_between_two_calls(make, gpfs_cluster):
    ssh = make()
    for _ in range(3):
        works(ssh)
        gpfs_cluster.nodes[0].reboot()


def test_a_server_that_is_away(make, gpfs_cluster):
    node = gpfs_cluster.nodes[0]
    ssh = make()
    node.refuse_connections()
    fails(ssh, "true", code="CONNECT", text=node.address)
    node.refuse_connections(False)
    works(ssh)


def test_a_server_that_accepts_but_never_answers(make, gpfs_cluster):
    node = gpfs_cluster.nodes[0]
    ssh = make(connect_timeout=1)
    node.stop_accepting()
    fails(ssh, "true", code="TIMEDOUT", text="ssh_conn_timeout")
    node.start_accepting()
    works_in_time(ssh)


def test_a_remote_shell_that_dies(make, gpfs_cluster):
    node = gpfs_cluster.nodes[0]
    ssh = make()
    hang = gpfs_cluster.faults.add("mmgetstate", hang="before")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        future = pool.submit(ssh.execute, "/usr/lpp/mmfs/bin/mmgetstate")
        hang.wait()
        assert node.run(["pkill", "-KILL", "-f", "^/bin/sh -s"]).returncode \
            == 0
        gpfs_cluster.faults.clear()
        error = future.exception()
    assert error.native_code == "CONNECT"
    assert "remote shell ended" in str(error)
    works(ssh)


def test_output_that_comes_late_does_not_mix_in(make, gpfs_cluster):
    ssh = make(max_sessions=1)
    node = gpfs_cluster.nodes[0]
    script = ("(while [ ! -e /tmp/go ]; do sleep 0.01; done; "
              "echo late; echo late >&2; : >/tmp/gone) & :")
    assert ssh.execute("sh", "-c", script) == ("", "")
    node.write_file("/tmp/go", "")
    node.run(["sh", "-c", "until [ -e /tmp/gone ]; do sleep 0.01; done"])
    works(ssh)
    works(ssh)


class GaveUp(Exception):
    """Of a caller that waits no longer for his command."""


def test_stopped_shells_make_room(make, gpfs_cluster):
    node = gpfs_cluster.nodes[0]
    enough, patience = os.pipe()

    def wait(fd):
        if enough in select.select([fd, enough], [], [])[0]:
            raise GaveUp

    def choose():
        name = threading.current_thread().name
        return wait if name.startswith("impatient") else None

    def submit(pool, command):
        return pool.submit(ssh.execute, "sh", "-c",
                           f": >/tmp/began.$$; {command}")
    ssh = make(max_sessions=1, wait=choose)
    with (concurrent.futures.ThreadPoolExecutor(6) as pool,
          concurrent.futures.ThreadPoolExecutor(3, "impatient") as others):
        stopped = [submit(others, "kill -STOP 0") for _ in range(3)]
        busy = [submit(pool, "until [ -e /tmp/go ]; do sleep 0.01; done")
                for _ in range(5)]
        node.run(["sh", "-c", "until [ $(ls /tmp | grep -c began) = 8 ]; do "
                              "sleep 0.01; done"], check=True)
        # waits, as one session has no more than eight shells
        last = submit(pool, "echo done")
        os.close(patience)
        assert last.result() == ("done\n", "")
        node.write_file("/tmp/go", "")
        assert {type(future.exception()) for future in stopped} == {GaveUp}
        assert {future.result() for future in busy} == {("", "")}
    os.close(enough)


def test_max_sessions_2():
    with GPFSCluster(max_sessions=2) as cluster:
        node = cluster.nodes[0]
        ssh = _native.SSHExecutor(
            node.address, port=node.port, login="root",
            private_key=cluster.private_key, max_sessions=2,
            known_hosts=[cluster.known_hosts])
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(
                lambda i: ssh.execute("/bin/echo", str(i))[0].strip(),
                range(200)))
        assert answers == [str(i) for i in range(200)]
        assert node.connections()["open"] <= 2


def test_a_bashrc_that_prints_noise():
    noise = "echo noise; echo more noise >&2; printf 'no newline'"
    with GPFSCluster(shell="/bin/bash", bashrc=noise) as cluster:
        node = cluster.nodes[0]
        ssh = _native.SSHExecutor(
            node.address, port=node.port, login="root",
            private_key=cluster.private_key,
            known_hosts=[cluster.known_hosts])
        for _ in range(3):
            works(ssh)


# ---- host keys ----

def test_a_changed_host_key(make, gpfs_cluster):
    node = gpfs_cluster.nodes[0]
    ssh = make()
    works(ssh)
    node.change_host_key()
    node.kill_connections()
    fails(ssh, "true", code="HOSTKEY", text="changed")
    gpfs_cluster.write_known_hosts()
    works(ssh)


def known_hosts(tmp_path, text):
    path = tmp_path / "known_hosts"
    path.write_text(text)
    return [str(path)]


def test_an_unknown_host_is_refused(make, gpfs_cluster, tmp_path):
    node = gpfs_cluster.nodes[0]
    for files in ([str(tmp_path / "missing")], known_hosts(tmp_path, "")):
        message = fails(make(known_hosts=files), "true", code="HOSTKEY",
                        text="ssh-keyscan")
        assert files[0] in message and str(node.port) in message


def test_accept_new_begins_a_line_of_its_own(make, gpfs_cluster, tmp_path):
    node = gpfs_cluster.nodes[0]
    files = known_hosts(tmp_path, "other ssh-ed25519 AAAA")
    works(make(known_hosts=files, host_key_policy="accept-new"))
    assert (tmp_path / "known_hosts").read_text() == (
        "other ssh-ed25519 AAAA\n" + node.known_hosts())
    works(make(known_hosts=files))


def test_accept_new_learns_once(make, gpfs_cluster, tmp_path):
    node = gpfs_cluster.nodes[0]
    files = known_hosts(tmp_path, "# mine\n")
    works(make(known_hosts=files, host_key_policy="accept-new"))
    learnt = (tmp_path / "known_hosts").read_text()
    assert learnt == "# mine\n" + node.known_hosts()
    works(make(known_hosts=files))
    node.change_host_key()
    fails(make(known_hosts=files, host_key_policy="accept-new"), "true",
          code="HOSTKEY", text="changed")
    assert (tmp_path / "known_hosts").read_text() == learnt


@pytest.mark.parametrize("form", [
    "[{a}]:{p} {k}", "{a} {k}", "[127.0.0.*]:{p},[127.*]:* {k}",
    "other,[{a}]:{p},third {k} a comment",
    "# note\n\n[{a}]:{p} ssh-rsa AAAAbad\n[{a}]:{p} {k}",
    "@cert-authority * {k}\n[{a}]:{p} {k}"])
def test_forms_of_known_hosts(make, gpfs_cluster, tmp_path, form):
    node = gpfs_cluster.nodes[0]
    key = node.host_keys["ed25519"]
    text = form.format(a=node.address, p=node.port, k=key)
    works(make(known_hosts=known_hosts(tmp_path, text + "\n")))


def test_hashed_known_hosts(make, gpfs_cluster, tmp_path):
    node = gpfs_cluster.nodes[0]
    files = known_hosts(tmp_path, node.known_hosts())
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", files[0]], check=True)
    assert (tmp_path / "known_hosts").read_text().startswith("|1|")
    works(make(known_hosts=files))


@pytest.mark.parametrize("form", [
    "@cert-authority * {k}", "!{a},[127.*]:* {k}", "[{a}]:1 {k}",
    "other {k}"])
def test_names_that_do_not_match(make, gpfs_cluster, tmp_path, form):
    node = gpfs_cluster.nodes[0]
    text = form.format(a=node.address, k=node.host_keys["ed25519"])
    fails(make(known_hosts=known_hosts(tmp_path, text + "\n")), "true",
          code="HOSTKEY", text="not in")


def test_a_revoked_key_is_refused(make, gpfs_cluster, tmp_path):
    node = gpfs_cluster.nodes[0]
    files = known_hosts(tmp_path, node.known_hosts()
                        + f"@revoked * {node.host_keys['ed25519']}\n")
    fails(make(known_hosts=files), "true", code="HOSTKEY", text="@revoked")


def test_the_key_type_asked_for_is_the_known_one(tmp_path):
    with GPFSCluster(host_keys=["ed25519", "ecdsa"]) as cluster:
        node = cluster.nodes[0]
        for kind in ("ed25519", "ecdsa"):
            files = known_hosts(
                tmp_path, f"[{node.address}]:{node.port} "
                          f"{node.host_keys[kind]}\n")
            works(_native.SSHExecutor(
                node.address, port=node.port, login="root",
                private_key=cluster.private_key, known_hosts=files))


# ---- logins ----

def test_keys_of_other_kinds_and_with_a_passphrase(make, gpfs_cluster,
                                                   tmp_path):
    node = gpfs_cluster.nodes[0]
    public = []
    for kind, passphrase in (("ed25519", "secret words"), ("ecdsa", "")):
        path = tmp_path / kind
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase,
                        "-f", str(path)], check=True)
        public.append((tmp_path / f"{kind}.pub").read_text())
    node.write_file("/root/.ssh/authorized_keys", "".join(public))
    works(make(private_key=str(tmp_path / "ecdsa")))
    works(make(private_key=str(tmp_path / "ed25519"),
               passphrase="secret words"))
    message = fails(make(private_key=str(tmp_path / "ed25519"),
                         passphrase="wrong words"), "true", code="AUTH",
                    text="passphrase")
    assert "wrong words" not in message


@pytest.mark.parametrize("auth", ["password", "keyboard-interactive"])
def test_password_login(auth):
    with GPFSCluster(auth=[auth], password="pass word'1") as cluster:
        node = cluster.nodes[0]

        def new(password):
            return _native.SSHExecutor(
                node.address, port=node.port, login="root",
                password=password, known_hosts=[cluster.known_hosts])
        works(new("pass word'1"))
        message = fails(new("not-this"), "true", code="AUTH",
                        text=node.address)
        assert "not-this" not in message


def test_a_refused_key_says_what_was_tried(make, tmp_path):
    path = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                    str(path)], check=True)
    fails(make(private_key=str(path)), "true", code="AUTH", text=str(path))
    fails(make(private_key=str(tmp_path / "none")), "true", code="AUTH",
          text="readable")


def test_an_rsa_key_works_or_says_what_to_do(make, gpfs_cluster, tmp_path):
    node = gpfs_cluster.nodes[0]
    path = tmp_path / "rsa"
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-N", "", "-f",
                    str(path)], check=True)
    node.write_file("/root/.ssh/authorized_keys",
                    (tmp_path / "rsa.pub").read_text())
    ssh = make(private_key=str(path))
    try:
        works(ssh)
    except Exception as error:
        assert error.native_code == "AUTH"
        assert "ssh-keygen -t ed25519" in str(error)


# ---- concurrency ----

def test_64_threads_on_one_executor(make):
    ssh = make()
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(
            lambda i: ssh.execute("/bin/echo", str(i))[0].strip(),
            range(640)))
    assert answers == [str(i) for i in range(640)]
