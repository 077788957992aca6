# SPDX-License-Identifier: Apache-2.0
"""What the two drivers' processes have in common.

    python -m benchmarks.in_tree MANILA_CONF
    python -m benchmarks.ours MANILA_CONF

The driver is made and set up as manila-share does it for the back end named
BACKEND.  Then each line "OPERATION N PAUSE" is answered with a JSON list of
the seconds that each of N calls took; PAUSE seconds pass before each.  The
first line printed tells versions.
"""

import gc
import importlib.metadata
import json
import sys
import time
import uuid

BACKEND = "bench"


def configure(path):
    """Read manila.conf, as the main() of each Manila command does."""
    from manila.common import config  # noqa: F401  (registers the options)
    from manila import version
    from oslo_config import cfg

    cfg.CONF(["--config-file", path], project="manila",
             version=version.version_string())


def make_driver(class_path, before_setup=lambda driver: None):
    """As manila.share.manager.ShareManager does it."""
    from manila import context
    from manila.share import configuration
    from manila.share import drivers_private_data
    from manila.share import manager
    from oslo_utils import importutils

    admin = context.get_admin_context()
    options = configuration.Configuration(manager.share_manager_opts,
                                          config_group=BACKEND)
    driver = importutils.import_object(
        class_path, configuration=options,
        private_storage=drivers_private_data.DriverPrivateData(
            context=admin, backend_host="bench@bench", config_group=BACKEND))
    before_setup(driver)
    driver.do_setup(admin)
    driver.check_for_setup_error()
    return driver


def new_share():
    """As much of Manila's share instance as a driver may look at."""
    number = str(uuid.uuid4())
    return {"id": number, "share_id": number, "name": f"share-{number}",
            "size": 1, "share_proto": "NFS", "share_type_id": None,
            "project_id": "bench", "metadata": {}}


def create_share(driver):
    """A function that creates a share from what new_share() gives."""
    from manila import context

    admin = context.get_admin_context()
    return lambda share: driver.create_share(admin, share)


def measure(function, arguments, pause):
    """The seconds of a call for each of the arguments."""
    samples = []
    for argument in arguments:
        time.sleep(pause)
        start = time.perf_counter()
        function(argument)
        samples.append(time.perf_counter() - start)
    return samples


def version(distribution):
    return importlib.metadata.version(distribution)


def serve(driver, execute, versions):
    """Answer until the end of standard input; execute(command) runs one."""
    operations = {"create_share": create_share(driver)}
    print(json.dumps(versions), flush=True)
    for line in sys.stdin:
        operation, count, pause = line.split()
        if operation in operations:
            arguments = [new_share() for _ in range(int(count))]
            function = operations[operation]
        else:
            arguments, function = [operation] * int(count), execute
        gc.collect()
        print(json.dumps(measure(function, arguments, float(pause))),
              flush=True)
