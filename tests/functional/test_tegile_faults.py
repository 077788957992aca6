# SPDX-License-Identifier: Apache-2.0
"""Each step of each operation, disturbed in every way: an operation ends well
or with an error that says what to do, and repeating it leads to the right end.
"""

import functools
from concurrent import futures

import pytest

from manila_native import exceptions
from tests.functional import drivers
from tests.functional import tegile_cases
from tests.functional.tegile_worlds import World, check_error

BOTH = ("before", "after")

#: The reply is lost, once: the driver finds out and goes on by itself.
LOST = [(how, when, {}) for how in ("reset", "close", "truncated", "hang",
                                    "not-json", "html", "deep")
        for when in BOTH]
LOST += [("error", when, {"code": code}) for when in BOTH
         for code in ("REQUEST_TIMEOUT", "REQUEST_INTERRUPTED")]
LOST += [("status", when, {"status": status}) for when in BOTH
         for status in (502, 503, 504)]

#: The array is busy, a few times.
BUSY = [("RESOURCE_BUSY",), ("RESOURCE_SUSPENDED",), ("REQUEST_EXIST",),
        ("NOMEMORY",)]

#: Replies that are wrong in ways that nobody can mend: an error or success.
ODD = [(how, when, details) for when in BOTH for how, details in (
    ("empty", {}), ("duplicate-keys", {}), ("status", {"status": 500}),
    ("status", {"status": 404}), ("status", {"status": 400}),
    ("status", {"status": 302}),
    ("error", {"code": "GENERAL", "status": 500}),
    ("error", {"code": "NOSPACE", "status": 400}),
    ("error", {"code": "GENERAL", "status": 200}))]

#: The work is not done, and the reply says so.
REFUSED = [
    ("enum", {}), ("enum", {"value": 1}),
    ("status", {"status": 401, "message": "Access Denied"}),
    ("status", {"status": 403, "message": "Access Denied"}),
    ("html", {"body": b"<html><h1>Access Denied</h1></html>"}),
    ("error", {"code": "EZEBI_PERMISSION_DENIED", "status": 200}),
    ("error", {"code": "RESOURCE_INUSE"}),
]

#: For ever.
ENDLESS = [("error", {"code": "RESOURCE_BUSY"}), ("hang", {}), ("reset", {}),
           ("not-json", {})]


@pytest.fixture(scope="module")
def worlds():
    """firmware -> a world that the tests of this module share."""
    made = {firmware: World(firmware) for firmware in ("3.5.1", "3.7.1")}
    yield made
    for world in made.values():
        world.close()


@pytest.fixture(params=tegile_cases.STEPS, ids=tegile_cases.name_of)
def disturb(request, worlds):
    """Call a function for each fault: with a case of its own, the method that
    the fault is to hit, and the fault. All at once: they wait most of the
    time."""
    make, method, firmware = request.param
    world = worlds[firmware]

    def one(test, fault):
        settings = {"tegile_request_timeout": 1 if "hang" in fault else 30,
                    "tegile_operation_timeout": (
                        2 if fault in ENDLESS else 4 if fault in ODD else 60)}

        def attempt():
            test(make(world.twin(**settings)), method, *fault)
        try:
            if "hang" in fault or fault in (*ENDLESS, *ODD):
                attempt = drivers.hasty(attempt)
            attempt()
        except BaseException as e:
            return f"{fault}: {type(e).__name__}: {e}"

    def each(test, faults):
        with futures.ThreadPoolExecutor(16) as pool:
            failures = list(pool.map(functools.partial(one, test), faults))
        assert [f for f in failures if f] == []

    yield each
    world.forget_twins()


def repeat(case, fault):
    """The same call without the fault."""
    fault.times = 0
    fault.where = lambda request: False
    case.run()
    case.check()


def test_lost_reply(disturb):
    def lost(case, method, how, when, details):
        fault = case.world.fault(method, how=how, when=when, **details)
        case.run()
        case.check()
        assert fault.hits == 1
        if method in tegile_cases.ONCE:
            assert len(case.world.calls(method)) == (1 if when == "after"
                                                     else 2)
        repeat(case, fault)

    disturb(lost, LOST)


def test_too_long_reply(disturb):
    """It would be as long another time: only what must not be done twice is
    asked about."""
    def huge(case, method, when):
        fault = case.world.fault(method, how="huge", when=when)
        if method in tegile_cases.ONCE:
            case.run()
            case.check()
        else:
            with pytest.raises(exceptions.TegileException) as caught:
                case.run()
            check_error(caught.value, case.world, case.share, method)
        assert fault.hits == 1
        repeat(case, fault)

    disturb(huge, [(when,) for when in BOTH])


def test_busy_array(disturb):
    def busy(case, method, code):
        fault = case.world.fault(method, how="error", code=code, times=2)
        case.run()
        case.check()
        assert fault.hits == 2
        repeat(case, fault)

    disturb(busy, BUSY)


def test_refusal(disturb):
    def refused(case, method, how, details):
        if how == "enum" and method.startswith(("get", "list")):
            return      # tells of no outcome
        fault = case.world.fault(method, how=how, times=None, **details)
        with pytest.raises(exceptions.TegileException) as caught:
            case.run()
        assert fault.hits
        check_error(caught.value, case.world, case.share, None)
        assert_nothing_given(case)
        repeat(case, fault)

    disturb(refused, REFUSED)


def test_odd_reply(disturb):
    def odd(case, method, how, when, details):
        fault = case.world.fault(method, how=how, when=when, **details)
        try:
            case.run()
        except (exceptions.TegileException, exceptions.InvalidShare,
                exceptions.ShareShrinkingPossibleDataLoss) as e:
            check_error(e, case.world, case.share, None)
            assert_nothing_given(case)
        else:
            # what many methods answer with, or might
            if when == "after" or how not in ("empty", "duplicate-keys"):
                case.check()
        repeat(case, fault)

    disturb(odd, ODD)


def test_no_end_of_it(disturb):
    def no_end(case, method, how, details):
        fault = case.world.fault(method, how=how, times=None, **details)
        with pytest.raises(exceptions.TegileException) as caught:
            case.run()
        check_error(caught.value, case.world, case.share, method)
        assert_nothing_given(case)
        repeat(case, fault)

    disturb(no_end, ENDLESS)


def assert_nothing_given(case):
    """No share that a failed call made is open to anybody."""
    if isinstance(case, (tegile_cases.Create, tegile_cases.Clone)):
        case.nobody()
