# SPDX-License-Identifier: Apache-2.0
"""An SSH server that behaves as sshd does only on a bad day."""

import contextlib
import socket
import subprocess
import threading

import paramiko

from manila_native import _native

HOST = "127.0.0.1"
SECONDS = 120


class Connection(paramiko.ServerInterface):
    """One client; anyone may log in."""

    def __init__(self, sock, key, behave, auths):
        self.sock = sock
        self.auths = auths
        self.behave = behave
        self.shells = []    # their channels
        self.dropped = False
        self.transport = paramiko.Transport(sock)
        # a client may stand still for a while
        self.transport.banner_timeout = SECONDS
        self.transport.handshake_timeout = SECONDS
        self.transport.auth_timeout = SECONDS
        self.transport.add_server_key(key)

    def start(self):
        # events: nobody waits here for the handshake
        self.transport.start_server(event=threading.Event(), server=self)

    def get_allowed_auths(self, username):
        return self.auths

    def check_auth_password(self, username, password):
        return paramiko.AUTH_SUCCESSFUL

    def check_auth_interactive(self, username, submethods):
        return paramiko.InteractiveQuery("", "", ("Password: ", False))

    def check_auth_interactive_response(self, responses):
        return paramiko.AUTH_SUCCESSFUL

    def check_channel_request(self, kind, chanid):
        if self.behave == "drop":
            self.transport.close()
            self.dropped = True
        return paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel, command):
        self.shells.append(channel)
        threading.Thread(target=run_shell, args=(channel,),
                         daemon=True).start()
        return True


def run_shell(channel):
    """Bridge the channel and a shell until the channel is closed."""
    with subprocess.Popen(["/bin/sh", "-s"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as shell:
        def bring(pipe, send):
            with contextlib.suppress(OSError):
                while data := pipe.read1(65536):
                    send(data)
        for pipe, send in ((shell.stdout, channel.sendall),
                           (shell.stderr, channel.sendall_stderr)):
            threading.Thread(target=bring, args=(pipe, send),
                             daemon=True).start()
        while data := channel.recv(65536):
            shell.stdin.write(data)
            shell.stdin.flush()
        shell.kill()


class Server:
    """Listens; the n-th connection behaves as behaviours[n], the last one
    counts for all that follow: "work" or "drop" (it ends when a channel is to
    be opened)."""

    def __init__(self, known_hosts, *behaviours, auths="password"):
        self.auths = auths
        self.behaviours = behaviours
        self.connections = []
        self.key = paramiko.ECDSAKey.generate()
        self.listener = socket.create_server((HOST, 0))
        self.port = self.listener.getsockname()[1]
        self.known_hosts = known_hosts
        known_hosts.write_text(f"[{HOST}]:{self.port} {self.key.get_name()} "
                               f"{self.key.get_base64()}\n")
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                sock = self.listener.accept()[0]
                n = min(len(self.connections), len(self.behaviours) - 1)
                connection = Connection(sock, self.key, self.behaviours[n],
                                        self.auths)
                self.connections.append(connection)     # before it may end
                connection.start()

    def executor(self, host=HOST, **settings):
        return _native.SSHExecutor(
            host, port=self.port, login="root", password="any",
            known_hosts=[str(self.known_hosts)], **settings)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            connection.transport.close()
