# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypedDict, type_check_only

from typing_extensions import disjoint_base

__version__: str

@type_check_only
class _ExportLocation(TypedDict):
    path: str
    is_admin_only: bool
    metadata: dict[str, Any]

class GPFSException(Exception):
    native_code: str

class GPFSConfigurationException(GPFSException): ...
class GPFSTimeoutException(GPFSException): ...
class GPFSConnectionException(GPFSException): ...

class TegileException(Exception):
    native_code: str

class TegileConfigurationException(TegileException): ...
class TegileTimeoutException(TegileException): ...
class TegileConnectionException(TegileException): ...

class InvalidShare(Exception):
    native_code: str

class InvalidShareAccess(Exception):
    native_code: str

class InvalidInput(Exception):
    native_code: str

class ShareShrinkingPossibleDataLoss(Exception):
    native_code: str

class ManageInvalidShare(InvalidShare): ...
class UnmanageInvalidShare(InvalidShare): ...

class ManageInvalidShareSnapshot(Exception):
    native_code: str

class CommandError(Exception):
    exit_code: int
    stdout: str
    stderr: str
    cmd: str

def _configure(services: dict[str, Any]) -> None: ...
def ssh_stats() -> dict[str, int]: ...

# What the C types of all drivers have; each has it as its own.
@type_check_only
class _ShareDriver:
    def _native_setup(self, options: dict[str, Any]) -> None: ...
    def check_for_setup_error(self) -> None: ...
    def create_share(
        self, context: Any, share: Any, share_server: Any = None
    ) -> list[_ExportLocation]: ...
    def delete_share(
        self, context: Any, share: Any, share_server: Any = None
    ) -> None: ...
    def extend_share(
        self, share: Any, new_size: int, share_server: Any = None
    ) -> None: ...
    def ensure_share(
        self, context: Any, share: Any, share_server: Any = None
    ) -> list[_ExportLocation]: ...
    def ensure_shares(
        self, context: Any, shares: Iterable[Any]
    ) -> dict[str, dict[str, Any]]: ...
    def update_access(
        self,
        context: Any,
        share: Any,
        access_rules: Iterable[Any],
        add_rules: Iterable[Any] | None,
        delete_rules: Iterable[Any] | None,
        update_rules: Iterable[Any] | None,
        share_server: Any = None,
    ) -> dict[str, dict[str, str]]: ...
    def allow_access(
        self, context: Any, share: Any, access: Any, share_server: Any = None
    ) -> None: ...
    def deny_access(
        self, context: Any, share: Any, access: Any, share_server: Any = None
    ) -> None: ...
    def shrink_share(
        self, share: Any, new_size: int, share_server: Any = None
    ) -> None: ...
    def create_snapshot(
        self, context: Any, snapshot: Any, share_server: Any = None
    ) -> dict[str, Any]: ...
    def delete_snapshot(
        self, context: Any, snapshot: Any, share_server: Any = None
    ) -> None: ...
    def manage_existing_snapshot(
        self, snapshot: Any, driver_options: Mapping[str, Any] | None
    ) -> dict[str, Any]: ...
    def unmanage_snapshot(self, snapshot: Any) -> None: ...
    def create_share_from_snapshot(
        self,
        context: Any,
        share: Any,
        snapshot: Any,
        share_server: Any = None,
        parent_share: Any = None,
    ) -> dict[str, Any]: ...
    def revert_to_snapshot(
        self,
        context: Any,
        snapshot: Any,
        share_access_rules: Iterable[Any],
        snapshot_access_rules: Iterable[Any],
        share_server: Any = None,
    ) -> dict[str, str] | None: ...
    def manage_existing(
        self, share: Any, driver_options: Mapping[str, Any] | None
    ) -> dict[str, Any]: ...
    def unmanage(self, share: Any) -> None: ...
    def update_share_usage_size(
        self, context: Any, shares: Iterable[Any] | None
    ) -> list[dict[str, Any]]: ...
    def get_backend_info(self, context: Any) -> dict[str, str]: ...
    def get_network_allocations_number(self) -> int: ...

@disjoint_base
class GPFSShareDriver(_ShareDriver):
    def __new__(cls, *args: Any, **kwargs: Any) -> GPFSShareDriver: ...
    def _get_capacities(self) -> list[tuple[str, int, int]]: ...
    def _get_capabilities(self) -> dict[str, bool]: ...
    def snapshot_update_access(
        self,
        context: Any,
        snapshot: Any,
        access_rules: Iterable[Any],
        add_rules: Iterable[Any] | None,
        delete_rules: Iterable[Any] | None,
        share_server: Any = None,
    ) -> None: ...
    def get_share_status(
        self, share: Any, share_server: Any = None
    ) -> dict[str, Any]: ...
    def get_pool(self, share: Any) -> str | None: ...
    def create_share_group_snapshot(
        self, context: Any, snap_dict: Any, share_server: Any = None
    ) -> tuple[None, list[dict[str, str]]]: ...
    def delete_share_group_snapshot(
        self, context: Any, snap_dict: Any, share_server: Any = None
    ) -> tuple[None, None]: ...
    def create_share_group_from_share_group_snapshot(
        self,
        context: Any,
        share_group_dict: Any,
        share_group_snapshot_dict: Any,
        share_server: Any = None,
    ) -> tuple[None, list[dict[str, Any]]]: ...
    def get_configured_ip_versions(self) -> list[int]: ...

@disjoint_base
class TegileShareDriver(_ShareDriver):
    def __new__(cls, *args: Any, **kwargs: Any) -> TegileShareDriver: ...
    def _get_array_stats(self) -> dict[str, Any]: ...
    def get_pool(self, share: Any) -> str: ...

@disjoint_base
class NASHelperBase:
    @property
    def _execute(self) -> Callable[..., tuple[str, str]]: ...
    @property
    def configuration(self) -> Any: ...
    def __init__(
        self, execute: Callable[..., tuple[str, str]], config_object: Any
    ) -> None: ...
    def create_export(self, local_path: str) -> str: ...

# What the three have; each has it as its own.
@type_check_only
class _NFSHelper(NASHelperBase):
    def allow_access(
        self,
        local_path: str,
        share: Any,
        access_type: str,
        access: str | Mapping[str, Any],
    ) -> None: ...
    def deny_access(
        self,
        local_path: str,
        share: Any,
        access_type: str,
        access: str | Mapping[str, Any],
        force: bool = False,
    ) -> None: ...
    def remove_export(self, local_path: str, share: Any) -> None: ...

class KNFSHelper(_NFSHelper): ...
class GNFSHelper(_NFSHelper): ...
class CESHelper(_NFSHelper): ...

@disjoint_base
class SSHExecutor:
    def __init__(
        self,
        host: str,
        port: int = 22,
        login: str | None = None,
        password: str | None = None,
        private_key: str | None = None,
        passphrase: str | None = None,
        known_hosts: str | Sequence[str] | None = None,
        host_key_policy: str = "strict",
        connect_timeout: int = 60,
        command_timeout: int = 300,
        max_sessions: int = 10,
        sudo: bool = False,
        wait: Callable[[], Callable[[int], Any] | None] | None = None,
    ) -> None: ...
    def execute(
        self,
        *cmd: str,
        process_input: str | bytes | None = None,
        check_exit_code: bool | int | Sequence[int] = True,
        timeout: int | None = None,
        **kwargs: Any,
    ) -> tuple[str, str]: ...
    def run_plan(
        self, commands: Iterable[Sequence[str]]
    ) -> list[tuple[int, bytes, bytes]]: ...
