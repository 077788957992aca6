# SPDX-License-Identifier: Apache-2.0
"""Access rules on the simulated array, however arrays take them."""

import itertools
import json
from unittest import mock

import pytest

from manila import exception
from tests.backends.intelliflash import Assumptions
from tests.functional.drivers import make_rule, update
from tests.functional.tegile_drivers import (
    CONTEXT, FIRMWARES, NEW, OLD, Array, Storage, access, asked, create, fails,
    make_driver, make_in_tree_driver, make_share, new_storage, snapshot_of)

COMBINATIONS = [dict(zip(("level_change", "deny_level", "allow_existing",
                          "deny_absent"), values))
                for values in itertools.product(
                    ("replace", "duplicate", "refuse"), (False, True),
                    ("ok", "error"), ("ok", "error"))]
#: how each error is told is unknown, too
WORDS = [{}, {"openstack_errors": "text"},
         {"allow_existing_error": (400, "EZEBI_GENERAL"),
          "deny_absent_error": (400, "EZEBI_GENERAL")}]


def short(assumptions):
    return "-".join(str(value) for value in assumptions.values())


@pytest.fixture(params=FIRMWARES)
def array(request):
    with Array(firmware=request.param) as array:
        yield array


@pytest.fixture(params=[OLD, NEW])
def two_arrays(request):
    """Where rules are told one by one, and where they are a list."""
    with Array(firmware=request.param) as array:
        yield array


@pytest.fixture
def driver(array):
    return make_driver(array)


@pytest.fixture
def share(driver):
    return create(driver)


def user(name, level="rw"):
    return make_rule(name, level, access_type="user")


def at_level(rule, level):
    return dict(rule, access_level=level)


def levels(*rules):
    return {rule["access_to"]: rule["access_level"] for rule in rules}


def is_old(array):
    return array.state.firmware < (3, 7)


# ---- kinds of rules ----

def test_rules_of_all_kinds(array, driver, share):
    rules = [make_rule("10.0.0.1"), make_rule("10.0.0.0/24", "ro"),
             make_rule("192.0.2.7", "ro"), user("alice"), user("bob", "ro")]
    assert update(driver, share, rules, add=rules) == []
    assert access(array, share) == levels(*rules)
    assert array.may(share["name"], "10.0.0.1") == "rw"
    assert array.may(share["name"], "10.0.0.9") == "ro"
    assert array.may(share["name"], "10.0.1.9") is None
    assert update(driver, share, [], delete=rules) == []
    assert access(array, share) == {}


def test_users_of_cifs(array, driver):
    share = create(driver, share_proto="CIFS")
    rules = [user("alice"), user("bob", "ro")]
    assert update(driver, share, rules, add=rules) == []
    assert access(array, share) == levels(*rules)
    assert update(driver, share, rules[:1], delete=rules[1:]) == []
    assert access(array, share) == levels(rules[0])


def test_root_stays_root(array, driver, share):
    rules = [make_rule("10.0.0.1"), make_rule("10.0.0.2", "ro")]
    update(driver, share, rules, add=rules)
    assert all(acl.root for acl in array.share(share["name"]).nfs_acls)


def test_states_are_told_by_access_id(array, driver, share):
    good, bad = make_rule("10.0.0.1"), make_rule("fd00::1")
    assert driver.update_access(
        CONTEXT, share, [good, bad], [good, bad], [], []) == {
            good["access_id"]: {"state": "active"},
            bad["access_id"]: {"state": "error"}}


BAD = [make_rule("2001:db8::1"), make_rule("2001:db8::/64"),
       make_rule("host.example"), make_rule("10.0.0.999"),
       make_rule("10.0.0.0/33"), make_rule("10.0.0.1", "wx"),
       make_rule("CN=x", access_type="cert"), user(""), user("x" * 300),
       make_rule("alice", access_type="cephx"), make_rule("10.0.0.1; id"),
       make_rule("10.0.0.2\n"), make_rule("*"), make_rule("")]


def test_a_bad_rule_is_only_its_own_error(array, driver, share):
    good = [make_rule("192.0.2.1"), user("alice", "ro")]
    rules = [good[0], *BAD, good[1]]
    assert update(driver, share, rules, add=rules) == BAD
    assert access(array, share) == levels(*good)


def test_addresses_are_nothing_to_cifs(array, driver):
    share = create(driver, share_proto="CIFS")
    rules = [make_rule("10.0.0.1"), user("alice")]
    assert update(driver, share, rules, add=rules) == rules[:1]
    assert access(array, share) == {"alice": "rw"}
    assert update(driver, share, rules) == rules[:1]


def test_rules_that_never_were_are_deleted(array, driver, share):
    keep = make_rule("192.0.2.1")
    update(driver, share, [keep], add=[keep])
    for gone in (*BAD, make_rule("10.1.1.1"), user("carol")):
        assert update(driver, share, [keep], delete=[gone]) == []
    assert access(array, share) == levels(keep)


def test_what_the_array_refuses_is_that_rule_s_error(array, driver, share):
    array.assume(cidr=False, v2_cidr=False, known_users=("alice",))
    rules = [make_rule("10.0.0.0/24"), make_rule("10.0.1.1"), user("alice"),
             user("mallory"), make_rule("10.0.2.1/32", "ro"),
             make_rule("10.3.0.0/16", "ro")]
    refused = [rules[0], rules[3], rules[5]]
    assert update(driver, share, rules, add=rules) == refused
    assert access(array, share) == {"10.0.1.1": "rw", "alice": "rw",
                                    "10.0.2.1": "ro"}
    # and nothing is lost when more come or all are made anew
    more = make_rule("10.0.4.1")
    rules.append(more)
    assert update(driver, share, rules, add=[more]) in ([], refused,
                                                        refused[::2])
    assert update(driver, share, rules) == refused
    assert access(array, share) == {"10.0.1.1": "rw", "alice": "rw",
                                    "10.0.2.1": "ro", "10.0.4.1": "rw"}


def test_one_address_in_two_forms(array, driver, share):
    """The in-tree driver told the array what it was given."""
    old = make_rule("10.0.0.1/32")
    in_tree(array, share, old)
    assert update(driver, share, [], delete=[old]) == []
    assert access(array, share) == {}
    assert array.may(share["name"], "10.0.0.1") is None


def in_tree(array, share, *rules):
    """Allow as the in-tree driver does."""
    driver = make_in_tree_driver(array)
    driver.update_access(CONTEXT, share, rules, rules, [], [])


# ---- changes ----

def test_add_delete_and_update_in_one_call(array, driver, share):
    stays, goes = make_rule("10.0.0.1"), make_rule("10.0.0.2")
    falls, rises = make_rule("10.0.0.3"), make_rule("10.0.0.4", "ro")
    users = [user("anne"), user("bert"), user("carl", "ro")]
    before = [stays, goes, falls, rises, *users]
    assert update(driver, share, before, add=before) == []
    new = make_rule("10.0.0.5", "ro")
    falls, rises = at_level(falls, "ro"), at_level(rises, "rw")
    carl, dora = at_level(users[2], "rw"), user("dora")
    after = [stays, falls, rises, new, users[0], carl, dora]
    watch = array.watch(share["name"], "10.0.0.1")
    assert update(driver, share, after, add=[new, dora],
                  delete=[goes, users[1]], update=[falls, rises, carl]) == []
    assert access(array, share) == levels(*after)
    assert watch.changes == []


@pytest.mark.parametrize("words", WORDS, ids=str)
@pytest.mark.parametrize("combination", COMBINATIONS, ids=short)
@pytest.mark.parametrize("firmware", [OLD, NEW])
def test_updates_end_with_exactly_the_rules(firmware, combination, words):
    assumptions = Assumptions(**combination, **words)
    with Array(firmware, assumptions=assumptions) as array:
        driver = make_driver(array)
        for proto in ("NFS", "CIFS"):
            share = create(driver, share_proto=proto)
            make = make_rule if proto == "NFS" else (
                lambda to, level="rw": user("u" + to, level))
            stays, falls, rises, goes = (
                make("10.0.0.1"), make("10.0.0.2"), make("10.0.0.3", "ro"),
                make("10.0.0.4"))
            alice, bob = user("alice"), user("bobby", "ro")
            rules = [stays, falls, rises, goes, alice, bob]
            assert update(driver, share, rules, add=rules) == []
            assert access(array, share) == levels(*rules)
            # what is there already, as after a service died half-way
            assert update(driver, share, rules, add=rules) == []
            assert access(array, share) == levels(*rules)
            falls, rises = at_level(falls, "ro"), at_level(rises, "rw")
            alice, bob = at_level(alice, "ro"), at_level(bob, "rw")
            rules = [stays, falls, rises, alice, bob]
            watch = array.watch(share["name"], stays["access_to"])
            assert update(driver, share, rules, delete=[goes],
                          update=[falls, rises, alice, bob]) == []
            assert access(array, share) == levels(*rules)
            assert watch.changes == []
            # again, though it is all done
            assert update(driver, share, rules, delete=[goes],
                          update=[falls, rises, alice, bob]) == []
            assert access(array, share) == levels(*rules)
            assert update(driver, share, [], delete=rules) == []
            assert access(array, share) == {}


@pytest.mark.parametrize("combination", COMBINATIONS, ids=short)
@pytest.mark.parametrize("firmware", [OLD, NEW])
def test_a_rule_in_two_lists(firmware, combination):
    """Deleted and made anew before Manila came round to it."""
    with Array(firmware, assumptions=Assumptions(**combination)) as array:
        driver = make_driver(array)
        share = create(driver)
        old = [make_rule("10.0.0.1"), user("alice"), make_rule("10.0.0.2")]
        update(driver, share, old, add=old)
        new = [make_rule("10.0.0.1", "ro"), user("alice", "ro"),
               make_rule("10.0.0.2")]
        assert update(driver, share, new, add=new, delete=old) == []
        assert access(array, share) == levels(*new)
        # twice the same, and in each list
        twice = [make_rule("10.0.0.1", "ro"), *new]
        assert update(driver, share, twice, add=twice, delete=old,
                      update=new) == []
        assert access(array, share) == levels(*new)


def test_nobody_who_stays_is_cut_off(array, driver, share):
    """From 3.7 on not even by a change of level."""
    stays = [make_rule(f"10.0.0.{i}", ("rw", "ro")[i % 2])
             for i in range(1, 6)]
    goes = [make_rule(f"10.0.1.{i}") for i in range(1, 4)]
    comes = [make_rule("10.0.0.0/16", "ro"), make_rule("10.0.2.1")]
    update(driver, share, stays + goes, add=stays + goes)
    watches = [array.watch(share["name"], rule["access_to"])
               for rule in stays]
    assert update(driver, share, stays + comes, add=comes,
                  delete=goes) == []
    assert [w.changes for w in watches] == [[]] * 5
    if is_old(array):
        return
    changed = [at_level(rule, "ro") for rule in stays]
    assert update(driver, share, changed + comes, update=changed) == []
    assert not any(w.lost for w in watches)
    assert update(driver, share, stays + comes) == []       # a resync
    assert not any(w.lost for w in watches)
    assert access(array, share) == levels(*stays, *comes)


def test_round_trips_of_a_change(array, driver, share):
    """From 3.7 on the list is read and set, whatever changes."""
    rules = [make_rule(f"10.0.0.{i}") for i in range(1, 100)]
    wanted = (["shareAllowAccess"] * 99 if is_old(array) else
              ["getNFSNetworkACLsOnShare", "setNFSNetworkACLsOnShare"])
    assert asked(array, update, driver, share, rules, add=rules) == wanted
    one, others = rules[0], rules[1:]
    wanted = (["shareDenyAccess"] if is_old(array) else
              ["getNFSNetworkACLsOnShare", "setNFSNetworkACLsOnShare"])
    assert asked(array, update, driver, share, others,
                 delete=[one]) == wanted
    if not is_old(array):       # nothing to be done: nothing is set
        assert asked(array, update, driver, share, others,
                     delete=[one]) == wanted[:1]
        assert asked(array, update, driver, share, others,
                     add=others) == wanted[:1]
    assert access(array, share) == levels(*others)
    assert array.connections == 1


@pytest.mark.parametrize("array", FIRMWARES[1:], indirect=True)
def test_strangers_entries_stay_but_for_a_resync(array, driver, share):
    made = array.share(share["name"])
    one = make_rule("10.0.0.1")
    update(driver, share, [one], add=[one])
    made.access.nfs = [*made.access.nfs, made.access.nfs[0]._replace(
        host="backup.example", root=False)]
    two = make_rule("10.0.0.2")
    assert update(driver, share, [one, two], add=[two]) == []
    assert access(array, share) == {"10.0.0.1": "rw", "10.0.0.2": "rw",
                                    "backup.example": "rw"}
    assert {acl.host: acl.root for acl in made.nfs_acls}[
        "backup.example"] is False
    assert update(driver, share, [one, two]) == []
    assert access(array, share) == levels(one, two)


def test_a_share_that_is_not_shared_yet(array, driver):
    """As v2's createShare makes one; somebody may manage it."""
    share = make_share()
    array.add_share("pool-a", "openstack", share["name"], protocol=None)
    rules = [make_rule("10.0.0.1")]
    assert update(driver, share, rules, add=rules) == []
    assert array.may(share["name"], "10.0.0.1", "NFS") == "rw"


# ---- resync ----

@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("words", WORDS, ids=str)
@pytest.mark.parametrize("combination", COMBINATIONS, ids=short)
def test_resync_of_nothing_that_changed(two_arrays, combination, words,
                                        listed):
    """Nobody is cut off, though Manila was started anew."""
    array = two_arrays
    array.assume(user_rules_listed=listed, **combination, **words)
    driver = make_driver(array)
    share = create(driver)
    rules = [make_rule("10.0.0.1"), make_rule("10.0.0.0/24"),
             make_rule("10.0.9.1", "ro"), user("alice"), user("bobby", "ro")]
    update(driver, share, rules, add=rules)
    watches = watch(array, share, "10.0.0.1", "10.0.0.7", "10.0.9.1",
                    "alice", "bobby")
    driver = make_driver(array, driver.private_storage)
    for _ in range(2):
        assert update(driver, share, rules) == []
    assert access(array, share) == levels(*rules)
    assert [w.changes for w in watches] == [[]] * 5


@pytest.mark.parametrize("combination", COMBINATIONS, ids=short)
def test_first_resync_after_the_in_tree_driver(two_arrays, combination):
    """What it told the array nobody has kept. Who may write is not cut off;
    who may read alone must be that, before 3.7 at the cost of a moment."""
    array = two_arrays
    array.assume(**combination)
    driver = make_driver(array)
    share = create(driver)
    rules = [make_rule("10.0.0.1"), make_rule("10.0.9.1", "ro")]
    in_tree(array, share, *rules)
    watches = watch(array, share, "10.0.0.1", "10.0.9.1")
    assert update(driver, share, rules) == []
    assert access(array, share) == levels(*rules)
    n = 1 if is_old(array) else 2
    assert [w.changes for w in watches[:n]] == [[]] * n
    watches = watch(array, share, "10.0.0.1", "10.0.9.1")
    assert update(driver, share, rules) == []           # and from then on
    assert [w.changes for w in watches] == [[]] * 2


def watch(array, share, *clients):
    return [array.watch(share["name"], client) for client in clients]


@pytest.mark.parametrize("combination", COMBINATIONS, ids=short)
@pytest.mark.parametrize("listed", [True, False])
def test_resync_to_read_only(two_arrays, combination, listed):
    """Before a migration: nobody may write afterwards."""
    array = two_arrays
    array.assume(user_rules_listed=listed, **combination)
    driver = make_driver(array)
    share = create(driver)
    rules = [make_rule("10.0.0.1"), make_rule("10.0.0.2", "ro"),
             user("alice"), user("bobby", "ro")]
    update(driver, share, rules, add=rules)
    rules = [at_level(rule, "ro") for rule in rules]
    assert update(driver, share, rules) == []
    assert access(array, share) == levels(*rules)


@pytest.mark.parametrize("combination", COMBINATIONS, ids=short)
@pytest.mark.parametrize("listed", [True, False])
def test_resync_never_leaves_more_than_the_rules_give(two_arrays,
                                                      combination,
                                                      listed):
    """A rule that says "ro" is, though others say "rw"."""
    array = two_arrays
    array.assume(user_rules_listed=listed, **combination)
    driver = make_driver(array)
    share = create(driver)
    rules = [make_rule("10.0.0.1"), make_rule("10.0.0.2"), user("alice")]
    update(driver, share, rules, add=rules)
    rules[1:] = [at_level(rule, "ro") for rule in rules[1:]]
    assert update(driver, share, rules) == []
    assert access(array, share) == levels(*rules)


@pytest.mark.parametrize("combination", COMBINATIONS, ids=short)
def test_resync_to_read_and_write(two_arrays, combination):
    """After a migration that failed."""
    array = two_arrays
    array.assume(**combination)
    driver = make_driver(array)
    share = create(driver)
    rules = [make_rule("10.0.0.1"), make_rule("10.0.0.2"), user("alice"),
             user("bobby", "ro")]
    readers = [at_level(rule, "ro") for rule in rules]
    update(driver, share, rules, add=rules)
    assert update(driver, share, readers) == []
    assert update(driver, share, rules) == []
    assert access(array, share) == levels(*rules)


@pytest.mark.parametrize("combination", COMBINATIONS, ids=short)
def test_resync_drops_what_manila_has_lost(two_arrays, combination):
    """Deleted while a migration made all rules read-only: Manila then asks
    for a resync without it, and never for its deletion."""
    array = two_arrays
    array.assume(user_rules_listed=False, **combination)
    driver = make_driver(array)
    share = create(driver)
    stays, goes = make_rule("10.0.0.1"), make_rule("10.0.0.2")
    alice, bobby = user("alice"), user("bobby")
    rules = [stays, goes, alice, bobby]
    update(driver, share, rules, add=rules)
    rules = [at_level(stays, "ro"), at_level(alice, "ro")]
    assert update(driver, share, rules) == []
    assert access(array, share) == levels(*rules)
    # nor does a deletion that knows the wrong level leave anything
    assert update(driver, share, [], delete=[stays, alice]) == []
    assert access(array, share) == {}


@pytest.mark.parametrize("combination", COMBINATIONS, ids=short)
@pytest.mark.parametrize("method", ["shareAllowAccess", "shareDenyAccess"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("n", [0, 1])
@pytest.mark.parametrize("back", [False, True])
def test_an_update_that_was_cut_off_leaves_no_certainty(combination, method,
                                                        when, n, back):
    """The array may have carried out any part of it, and Manila may want
    what it wanted before."""
    with Array(OLD, assumptions=Assumptions(**combination)) as array:
        driver = make_driver(array)
        share = create(driver)
        falls, rises, goes = (make_rule("10.0.0.1"),
                              make_rule("10.0.0.2", "ro"),
                              make_rule("10.0.0.3"))
        before = [falls, rises, goes]
        update(driver, share, before, add=before)
        falls, rises = at_level(falls, "ro"), at_level(rises, "rw")
        array.fault(method, when=when, how="status", status=401, skip=n,
                    times=None)
        fails(driver.update_access, CONTEXT, share, [falls, rises], [],
              [goes], [falls, rises], code="AUTH")
        array.clear_faults()
        driver = make_driver(array, driver.private_storage)
        wanted = before if back else [falls, rises]
        assert update(driver, share, wanted) == []
        assert access(array, share) == levels(*wanted)


@pytest.mark.parametrize("combination", COMBINATIONS, ids=short)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_rule_whose_adding_was_cut_off_is_known(combination, when):
    """Manila calls it an error, and resyncs without it."""
    with Array(OLD, assumptions=Assumptions(**combination)) as array:
        driver = make_driver(array)
        share = create(driver)
        stays, goes = make_rule("10.0.0.1"), make_rule("10.0.0.2")
        update(driver, share, [stays], add=[stays])
        array.fault("shareAllowAccess", when=when, how="status", status=401)
        fails(driver.update_access, CONTEXT, share, [stays, goes], [goes],
              [], [], code="AUTH")
        assert update(driver, share, [stays]) == []
        assert access(array, share) == levels(stays)


@pytest.mark.parametrize("combination", COMBINATIONS, ids=short)
@pytest.mark.parametrize("method", ["shareAllowAccess", "shareDenyAccess"])
@pytest.mark.parametrize("level, back", [("ro", "rw"), ("rw", "ro")])
def test_a_deletion_after_a_change_that_was_cut_off(combination, method,
                                                    level, back):
    """The rule was the in-tree driver's, of which nothing was kept."""
    with Array(OLD, assumptions=Assumptions(**combination)) as array:
        driver = make_driver(array)
        share = create(driver)
        rule = make_rule("10.0.0.1", back)
        in_tree(array, share, rule)
        rule = at_level(rule, level)
        array.fault(method, how="status", status=401)
        fails(driver.update_access, CONTEXT, share, [rule], [], [], [rule],
              code="AUTH")
        assert update(driver, share, [], delete=[rule]) == []
        assert access(array, share) == {}


def test_a_lost_rule_that_the_array_does_not_take():
    """It fails no resync, and is not forgotten."""
    with Array(OLD) as array:
        storage = Storage()
        driver = make_driver(array, new_storage(storage))
        share = create(driver)
        kept = storage.entities.setdefault(share["id"], {})
        stays, lost = make_rule("10.0.0.1"), make_rule("10.0.1.0/24")
        update(driver, share, [stays, lost], add=[stays, lost])
        array.assume(cidr=False)
        array.fault("shareDenyAccess", how="status", status=400,
                    body=json.dumps(
                        {"code": "EZEBI_INVALID_ARGUMENT",
                         "message": "no"}).encode())
        assert update(driver, share, [stays]) == []
        assert kept[lost["access_id"]] == "?? ip 10.0.1.0/24"
        array.assume(cidr=True)
        assert update(driver, share, [stays]) == []
        assert access(array, share) == levels(stays)
        assert list(kept) == [stays["access_id"]]


def test_nothing_is_kept_of_what_the_array_refused():
    with Array(OLD) as array:
        array.assume(cidr=False)
        storage = Storage()
        driver = make_driver(array, new_storage(storage))
        share = create(driver)
        rule = make_rule("10.0.0.0/24")
        assert update(driver, share, [rule], add=[rule]) == [rule]
        assert not storage.entities.get(share["id"])


def test_what_is_kept_goes_with_the_share(array):
    storage = Storage()
    driver = make_driver(array, new_storage(storage))
    for end in (driver.delete_share, None):
        share = create(driver)
        rules = [user("alice"), user("Alice", "ro"), user("x" * 255)]
        assert update(driver, share, rules, add=rules) == []
        assert storage.entities[share["id"]] == {
            rules[0]["access_id"]: "rw user alice",
            rules[1]["access_id"]: "ro user Alice",
            rules[2]["access_id"]: "rw user " + "x" * 255}
        assert update(driver, share, rules[:2], delete=rules[2:]) == []
        assert len(storage.entities[share["id"]]) == 2
        end(CONTEXT, share) if end else driver.unmanage(share)
        assert share["id"] not in storage.entities


@pytest.mark.parametrize("firmware", [OLD, NEW])
def test_manila_s_database_fails(firmware):
    """Its own error comes through, before the array was told anything."""
    class Broken(Storage):
        def get(self, entity_id, key, default):
            raise LookupError("no database")

    with Array(firmware) as array:
        driver = make_driver(array, new_storage(Broken()))
        share = create(driver)
        array.journal.clear()
        rules = [user("alice"), make_rule("10.0.0.1")]
        with pytest.raises(LookupError, match="no database"):
            update(driver, share, rules, add=rules)
        assert access(array, share) == {}
        assert array.journal.methods() == []


def test_manila_s_database_takes_nothing(two_arrays):
    """Nor is the array told of who could not be noted."""
    array = two_arrays
    storage = Storage()
    driver = make_driver(array, new_storage(storage))
    share = create(driver)
    rules = [user("alice")]
    with mock.patch.object(storage, "update",
                           side_effect=LookupError("no database")):
        with pytest.raises(LookupError, match="no database"):
            update(driver, share, rules, add=rules)
    assert access(array, share) == {}
    assert update(driver, share, rules, add=rules) == []


def test_manila_s_database_fails_at_the_end(array):
    """Who deletes the share once more comes to the end."""
    storage = Storage()
    driver = make_driver(array, new_storage(storage))
    share = create(driver)
    with mock.patch.object(storage, "delete",
                           side_effect=LookupError("no database")):
        with pytest.raises(LookupError, match="no database"):
            driver.delete_share(None, share)
    driver.delete_share(None, share)


def test_nothing_in_manila_s_database(array):
    """A row without a value is as good as none."""
    storage = Storage()
    driver = make_driver(array, new_storage(storage))
    share = create(driver)
    rules = [make_rule("10.0.0.1")]
    storage.entities[share["id"]] = {rules[0]["access_id"]: None}
    assert update(driver, share, rules, add=rules) == []
    assert access(array, share) == levels(*rules)


@pytest.mark.parametrize("combination", COMBINATIONS, ids=short)
def test_resync_of_an_array_that_forgot(two_arrays, combination):
    array = two_arrays
    array.assume(**combination)
    driver = make_driver(array)
    share = create(driver)
    rules = [make_rule("10.0.0.1"), make_rule("10.0.0.2", "ro"),
             user("alice"), user("bobby", "ro")]
    update(driver, share, rules[:1], add=rules[:1])
    assert update(driver, share, rules) == []
    assert access(array, share) == levels(*rules)


def test_resync_drops_what_manila_does_not_know(array, driver):
    for proto in ("NFS", "CIFS"):
        share = create(driver, share_proto=proto)
        stays = user("alice")
        strangers = [user("mallory")]
        if proto == "NFS":
            strangers += [make_rule("10.6.6.6"), make_rule("10.9.0.0/16")]
        in_tree(array, share, stays, *strangers)
        watch = array.watch(share["name"], "alice")
        assert update(driver, share, [stays]) == []
        assert watch.changes == []
        if is_old(array):   # it can't be asked, and to clear it cuts all off
            continue
        assert access(array, share) == levels(stays)


def test_resync_to_nobody(array, driver):
    for proto in ("NFS", "CIFS"):
        share = create(driver, share_proto=proto)
        rules = [user("alice")] + [make_rule("10.0.0.1")] * (proto == "NFS")
        in_tree(array, share, *rules)
        assert update(driver, share, []) == []
        assert access(array, share) == {}
        # rules that nobody can serve are nobody's access
        in_tree(array, share, *rules)
        bad = [make_rule("2001:db8::1")]
        assert update(driver, share, bad) == bad
        assert access(array, share) == {}


def test_round_trips_of_a_resync(array, driver, share):
    rules = [make_rule("10.0.0.1"), make_rule("10.0.0.2")]
    update(driver, share, rules, add=rules)
    assert asked(array, update, driver, share, rules) == (
        ["shareAllowAccess"] * 2 if is_old(array)
        else ["getNFSNetworkACLsOnShare", "getShare"])


def test_taking_rules_away_opens_no_share():
    """An administrator stopped to share it; an array may let everybody in
    where there is no ACL."""
    with Array(NEW) as array:
        array.assume(empty_acl_open=True)
        driver = make_driver(array)
        share = create(driver, share_proto="NFS")
        array.share(share["name"]).access.nfs_on = False
        watch = array.watch(share["name"], "192.0.2.9")
        rule = make_rule("192.0.2.1")
        update(driver, share, [], delete=[rule])
        assert watch.levels == [None]


def test_users_in_another_case_keep_their_access():
    """Names of Windows users have none."""
    with Array(NEW) as array:
        driver = make_driver(array)
        share = create(driver, share_proto="CIFS")
        rule = make_rule("Alice", access_type="user")
        update(driver, share, [rule], add=[rule])
        array.fault("getShare", how="status", status=200, body=json.dumps(
            {"aclList": [{"aclType": "User", "aclUser": "alice",
                          "aclValDisplay": "rwx", "aclMode": "Allow"}]}
            ).encode())
        assert asked(array, update, driver, share, [rule]) == ["getShare"]


# ---- shares whose making was cut off ----

@pytest.mark.parametrize("proto", ["NFS", "CIFS"])
def test_a_half_made_clone_is_shut_when_it_is_ensured(array, driver, proto):
    """Manila died before it was told a location; an operator lets the share
    live. The array gave it the access of its parent."""
    parent = create(driver, share_proto=proto)
    rule = user("alice")
    assert update(driver, parent, [rule], add=[rule]) == []
    clone = make_share(share_proto=proto)
    make_in_tree_driver(array).create_share_from_snapshot(
        CONTEXT, clone, snapshot_of(driver, parent))
    assert access(array, clone) == {"alice": "rw"}
    told = driver.ensure_shares(CONTEXT, [clone, parent])
    assert access(array, clone) == {}
    assert told[clone["id"]]["reapply_access_rules"] is True
    assert told[clone["id"]]["export_locations"]
    assert not told[parent["id"]].get("reapply_access_rules")
    assert access(array, parent) == {"alice": "rw"}


# ---- the calls of old drivers ----

def test_single_rules(array, driver, share):
    one, two = make_rule("10.0.0.1"), user("alice", "ro")
    for rule in (one, two, one):
        driver.allow_access(CONTEXT, share, rule)
    assert access(array, share) == levels(one, two)
    driver.deny_access(CONTEXT, share, one)
    driver.deny_access(CONTEXT, share, one)
    assert access(array, share) == levels(two)
    with pytest.raises(exception.InvalidShareAccess, match="IPv4"):
        driver.allow_access(CONTEXT, share, make_rule("fd00::1"))
    driver.deny_access(CONTEXT, share, make_rule("fd00::1"))
    cifs = create(driver, share_proto="CIFS")
    with pytest.raises(exception.InvalidShareAccess, match="USER"):
        driver.allow_access(CONTEXT, cifs, one)


def test_no_share_no_access(array, driver):
    """To take access away succeeds: Manila does before each deletion."""
    for proto in ("NFS", "CIFS"):
        share = make_share(share_proto=proto)
        rule = user("alice")
        fails(driver.update_access, CONTEXT, share, [rule], [rule], [], [],
              code="NOTFOUND", text=share["name"])
        fails(driver.update_access, CONTEXT, share, [rule], [], [], [],
              code="NOTFOUND", text=share["name"])
        assert update(driver, share, [], delete=[rule]) == []
        assert update(driver, share, []) == []
