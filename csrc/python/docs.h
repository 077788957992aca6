/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures and docstrings of the methods of the driver types, for
 * gpfs_type.c and tegile_type.c alone.
 */
#ifndef MN_PYTHON_GPFS_DOCS_H
#define MN_PYTHON_GPFS_DOCS_H

#include "python/api.h"

PyDoc_STRVAR(native_setup_doc,
             "_native_setup($self, /, options)\n"
             "--\n"
             "\n"
             "Take options and callables (see manila_native.gpfs). May be\n"
             "called again; operations that run keep the old ones.");

PyDoc_STRVAR(check_doc, "check_for_setup_error($self, /)\n"
                        "--\n"
                        "\n"
                        "Raise when the back end is not fit for use.");

PyDoc_STRVAR(create_share_doc,
             "create_share($self, /, context, share, share_server=None)\n"
             "--\n"
             "\n"
             "Create a share. Returns its export locations.");

PyDoc_STRVAR(delete_share_doc,
             "delete_share($self, /, context, share, share_server=None)\n"
             "--\n"
             "\n"
             "Delete a share; absent is success.");

PyDoc_STRVAR(extend_share_doc,
             "extend_share($self, /, share, new_size, share_server=None)\n"
             "--\n"
             "\n"
             "Raise the quota of a share to new_size GiB.");

PyDoc_STRVAR(shrink_share_doc,
             "shrink_share($self, /, share, new_size, share_server=None)\n"
             "--\n"
             "\n"
             "Lower the quota of a share to new_size GiB. Raises\n"
             "ShareShrinkingPossibleDataLoss when it holds more.");

PyDoc_STRVAR(ensure_share_doc,
             "ensure_share($self, /, context, share, share_server=None)\n"
             "--\n"
             "\n"
             "Mend what can be mended of one share. Returns its export\n"
             "locations.");

PyDoc_STRVAR(
    ensure_shares_doc,
    "ensure_shares($self, /, context, shares)\n"
    "--\n"
    "\n"
    "Mend what can be mended of many shares, with a handful of\n"
    "listings. Returns {share id: {'status', 'reapply_access_rules',\n"
    "'export_locations'}} and never raises for what a back end did:\n"
    "Manila would not ask again.");

PyDoc_STRVAR(
    update_access_doc,
    "update_access($self, /, context, share, access_rules, add_rules,\n"
    "              delete_rules, update_rules, share_server=None)\n"
    "--\n"
    "\n"
    "Make access to a share what access_rules say. Returns\n"
    "{access_id: {'state': 'active' or 'error'}}.");

PyDoc_STRVAR(
    allow_access_doc,
    "allow_access($self, /, context, share, access, share_server=None)\n"
    "--\n"
    "\n"
    "Add one access rule; the others stay.");

PyDoc_STRVAR(
    deny_access_doc,
    "deny_access($self, /, context, share, access, share_server=None)\n"
    "--\n"
    "\n"
    "Take one access rule away; the others stay.");

PyDoc_STRVAR(
    snapshot_update_access_doc,
    "snapshot_update_access($self, /, context, snapshot, access_rules,\n"
    "                       add_rules, delete_rules, share_server=None)\n"
    "--\n"
    "\n"
    "Make the exports of a snapshot what access_rules say, all of them\n"
    "read-only. Raises when one of them is not in force: Manila does not\n"
    "look at what this method returns.");

PyDoc_STRVAR(
    create_snapshot_doc,
    "create_snapshot($self, /, context, snapshot, share_server=None)\n"
    "--\n"
    "\n"
    "Take a snapshot of a share. Returns its\n"
    "'provider_location' and, when it can be mounted, its\n"
    "'export_locations'.");

PyDoc_STRVAR(
    delete_snapshot_doc,
    "delete_snapshot($self, /, context, snapshot, share_server=None)\n"
    "--\n"
    "\n"
    "Delete a snapshot; absent is success.");

PyDoc_STRVAR(manage_existing_snapshot_doc,
             "manage_existing_snapshot($self, /, snapshot, driver_options)\n"
             "--\n"
             "\n"
             "Take over the snapshot of the share that\n"
             "snapshot['provider_location'] names. Returns 'size' and\n"
             "'provider_location'; raises ManageInvalidShareSnapshot.");

PyDoc_STRVAR(unmanage_snapshot_doc,
             "unmanage_snapshot($self, /, snapshot)\n"
             "--\n"
             "\n"
             "Leave a snapshot to others: nothing is to be done.");

PyDoc_STRVAR(
    create_share_from_snapshot_doc,
    "create_share_from_snapshot($self, /, context, share, snapshot,\n"
    "                           share_server=None, parent_share=None)\n"
    "--\n"
    "\n"
    "Create a share with the content of a snapshot. Where 'status' is\n"
    "'creating_from_snapshot', a copy goes on without this process, and\n"
    "get_share_status() tells how far it is.");

PyDoc_STRVAR(
    revert_to_snapshot_doc,
    "revert_to_snapshot($self, /, context, snapshot, share_access_rules,\n"
    "                   snapshot_access_rules, share_server=None)\n"
    "--\n"
    "\n"
    "Bring a share back to a snapshot. Begins with it and returns\n"
    "{'status': 'reverting_to_snapshot'} where Manila asks\n"
    "get_share_status() for its end; else returns None at its end.");

PyDoc_STRVAR(get_share_status_doc,
             "get_share_status($self, /, share, share_server=None)\n"
             "--\n"
             "\n"
             "How the copy into a share, or its revert, goes: 'status',\n"
             "'export_locations' and 'progress' ('NN%', or None while the\n"
             "cluster can't be asked).");

PyDoc_STRVAR(manage_existing_doc,
             "manage_existing($self, /, share, driver_options)\n"
             "--\n"
             "\n"
             "Take over what is at the share's export location. Returns "
             "'size' and 'export_locations'; raises\n"
             "ManageInvalidShare.");

PyDoc_STRVAR(unmanage_doc, "unmanage($self, /, share)\n"
                           "--\n"
                           "\n"
                           "Leave a share and its exports to others. Raises\n"
                           "UnmanageInvalidShare alone.");

PyDoc_STRVAR(get_pool_doc, "get_pool($self, /, share)\n"
                           "--\n"
                           "\n"
                           "The name of the pool that the share is in, or\n"
                           "None.");

PyDoc_STRVAR(update_share_usage_size_doc,
             "update_share_usage_size($self, /, context, shares)\n"
             "--\n"
             "\n"
             "Space that shares use: [{'id', 'used_size' (GiB),\n"
             "'gathered_at'}].");

PyDoc_STRVAR(
    create_share_group_snapshot_doc,
    "create_share_group_snapshot($self, /, context, snap_dict,\n"
    "                            share_server=None)\n"
    "--\n"
    "\n"
    "Take the snapshots of all members at one instant, or none of them.");

PyDoc_STRVAR(delete_share_group_snapshot_doc,
             "delete_share_group_snapshot($self, /, context, snap_dict,\n"
             "                            share_server=None)\n"
             "--\n"
             "\n"
             "Delete the snapshots of all members; absent is success.");

PyDoc_STRVAR(
    create_share_group_from_share_group_snapshot_doc,
    "create_share_group_from_share_group_snapshot(\n"
    "    $self, /, context, share_group_dict, share_group_snapshot_dict,\n"
    "    share_server=None)\n"
    "--\n"
    "\n"
    "Create shares from the members of a group snapshot, side by side.\n"
    "Returns when the last copy is complete: Manila takes the shares for\n"
    "available then, whatever it is told.");

PyDoc_STRVAR(get_backend_info_doc,
             "get_backend_info($self, /, context)\n"
             "--\n"
             "\n"
             "A dict that changes when all shares must be\n"
             "looked at again.");

PyDoc_STRVAR(array_stats_doc,
             "_get_array_stats($self, /)\n"
             "--\n"
             "\n"
             "{'pools': [{'pool_name', 'total_capacity_gb',\n"
             "'free_capacity_gb', 'allocated_capacity_gb' (GiB), 'qos'}],\n"
             "'revert_to_snapshot_support'} of openstack/getArrayStats and\n"
             "the firmware.");

PyDoc_STRVAR(capacities_doc, "_get_capacities($self, /)\n"
                             "--\n"
                             "\n"
                             "[(pool, total, free)], in bytes. A pool that\n"
                             "can't be asked has a total of 0.");

PyDoc_STRVAR(capabilities_doc,
             "_get_capabilities($self, /)\n"
             "--\n"
             "\n"
             "What the NFS servers can do, by the scheduler's names.");

PyDoc_STRVAR(allocations_doc, "get_network_allocations_number($self, /)\n"
                              "--\n"
                              "\n"
                              "0: share servers are not managed.");

PyDoc_STRVAR(ip_versions_doc,
             "get_configured_ip_versions($self, /)\n"
             "--\n"
             "\n"
             "The family of gpfs_share_export_ip; [4, 6] for a name, which\n"
             "may have addresses of both.");

#endif
