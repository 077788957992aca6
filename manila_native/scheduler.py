# SPDX-License-Identifier: Apache-2.0
"""What all drivers tell the scheduler alike."""


class SchedulerMixin:
    """For a ShareDriver, before it in the order of base classes."""

    def get_default_filter_function(self, pool=None):
        """Return None: nothing but capacity rules a pool out.

        Capacity is what the scheduler's own CapacityFilter looks at.
        """
        return None

    def get_default_goodness_function(self):
        """Return None: the scheduler's CapacityWeigher compares pools.

        A function of ours would only raise our pools above those of back ends
        without one, which the GoodnessWeigher rates 0.
        """
        return None

    def _reserved(self):
        """Return the shares of capacity that are kept back (dict)."""
        conf = self.configuration
        reserved = conf.reserved_share_percentage
        return {
            'reserved_percentage': reserved,
            'reserved_snapshot_percentage': (
                conf.reserved_share_from_snapshot_percentage or reserved),
            'reserved_share_extend_percentage': (
                conf.reserved_share_extend_percentage or reserved),
        }
