# SPDX-License-Identifier: Apache-2.0
"""The process of a driver of the array.

    python -m benchmarks.array_worker MANILA_CONF CLASS

The driver is made and set up as manila-share does it.  The first line printed
tells versions; then each line, JSON of [operation, [name, ...]], is answered
with JSON: the seconds that the operation took for a share of each name, and
the CPU's seconds that this process used for all.
"""

import gc
import json
import sys
import time
import warnings

from benchmarks import worker

FIRMWARE = "3.7.1"
POOL = "pool-a"
PROJECT = "openstack"
MANY = 50
ONE_RULE = "update_access, 1 rule"
MANY_RULES = f"update_access, {MANY} rules"
HOSTS = [f"192.0.2.{number}" for number in range(1, MANY + 1)]
PORT_OPTION = "tegile_nas_port"


def share_named(name):
    number = name.removeprefix("share-")
    return {"id": number, "share_id": number, "name": name, "size": 1,
            "share_proto": "NFS", "share_type_id": None,
            "host": f"bench@bench#{POOL}", "project_id": "bench",
            "metadata": {}, "export_locations": []}


def rules(count):
    return [{"id": host, "access_id": host, "access_type": "ip",
             "access_to": host, "access_level": "rw", "access_key": None,
             "state": "applying"} for host in HOSTS[:count]]


def operations(driver):
    """{operation: function of a share's name}"""
    from manila import context

    admin = context.get_admin_context()

    def allow(name, some):
        return driver.update_access(admin, share_named(name), some, some,
                                    [], [])
    one, many = rules(1), rules(MANY)
    return {
        "create_share":
            lambda name: driver.create_share(admin, share_named(name)),
        ONE_RULE: lambda name: allow(name, one),
        MANY_RULES: lambda name: allow(name, many),
        "get_share_stats":
            lambda name: driver.get_share_stats(refresh=True)}


def in_tree_port(driver):
    """The in-tree driver has no option for the port."""
    port = driver.configuration.safe_get(PORT_OPTION)
    if hasattr(driver, "_api"):
        driver._api._hostname = f"{driver._api._hostname}:{port}"


def serve(driver):
    known = operations(driver)
    for line in sys.stdin:
        operation, names = json.loads(line)
        function = known[operation]
        gc.collect()
        cpu = time.process_time()
        samples = worker.measure(function, names, 0)
        print(json.dumps([samples, time.process_time() - cpu]), flush=True)


def main():
    import manila_native
    from manila_native import options
    from oslo_config import cfg

    warnings.simplefilter("ignore")     # verify=False, at each request
    path, class_path = sys.argv[1:]
    cfg.CONF.register_opts(
        [each for each in options.TEGILE_OPTS if each.name == PORT_OPTION],
        group=worker.BACKEND)
    worker.configure(path)
    driver = worker.make_driver(class_path, before_setup=in_tree_port)
    print(json.dumps({
        "manila-native": manila_native.__version__,
        "manila": worker.version("manila"),
        "requests": worker.version("requests")}), flush=True)
    serve(driver)


if __name__ == "__main__":
    main()
