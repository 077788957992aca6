# SPDX-License-Identifier: Apache-2.0
"""Manila's tables in SQLite, for all the threads of one process.

The tables come from the models, as in Manila's own tests: ``manila-manage db
sync`` cannot be used, one of the migrations opens a second connection and
finds SQLite locked.  So does Manila at work: deleting the last instance of a
share opens an "independent" transaction inside another one, and SQLite has
no two writers.

Therefore everybody gets the same connection, and a lock makes threads (or
greenthreads) use it one after the other.  The lock is reentrant: when a
thread that has the connection asks for one more, it gets a savepoint inside
its transaction.  Unlike in MariaDB an independent transaction is undone
together with the one around it; nothing else differs.
"""

import sqlite3
import threading

import sqlalchemy
from manila.db.sqlalchemy import api, models


def prepare():
    """Make the one connection, and the tables."""
    engine = api.get_engine()
    shared = sqlite3.connect(
        engine.url.database, factory=_Connection, check_same_thread=False,
        isolation_level=None)
    shared.execute('PRAGMA synchronous = OFF')
    shared.execute('PRAGMA journal_mode = MEMORY')

    @sqlalchemy.event.listens_for(engine, 'do_connect')
    def connect(dialect, record, arguments, options):
        return shared.enter()

    @sqlalchemy.event.listens_for(engine, 'do_execute')
    def execute(cursor, statement, parameters, context):
        # True: it is done.  A savepoint stands for oslo.db's BEGIN.
        return statement == 'BEGIN' and shared.depth > 1

    models.BASE.metadata.create_all(engine)


class _Connection(sqlite3.Connection):
    """To be entered before use; close() is what leaves it again."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.depth = 0
        self._lock = threading.RLock()

    @property
    def isolation_level(self):
        return None

    @isolation_level.setter
    def isolation_level(self, value):
        # oslo.db sets None for every new connection; Python would commit.
        pass

    def create_function(self, *arguments, **options):
        # SQLite refuses to replace a function while a statement runs.
        if self.depth == 1:
            super().create_function(*arguments, **options)

    def enter(self):
        self._lock.acquire()
        self.depth += 1
        if self.depth > 1:
            self.execute(f'SAVEPOINT nested{self.depth}')
        return self

    def commit(self):
        if self.depth > 1:
            self.execute(f'RELEASE nested{self.depth}')
            self.execute(f'SAVEPOINT nested{self.depth}')
        else:
            super().commit()

    def rollback(self):
        if self.depth > 1:
            self.execute(f'ROLLBACK TO nested{self.depth}')
        else:
            super().rollback()

    def close(self):
        try:
            if self.depth > 1:
                self.execute(f'RELEASE nested{self.depth}')
        finally:
            self.depth -= 1
            self._lock.release()
