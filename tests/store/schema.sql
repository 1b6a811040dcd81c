CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);

CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
ON "_sqlite_migrations" ("migration_set", "name");

CREATE TABLE broadcast (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    content TEXT,
    category TEXT,
    topic TEXT,
    action_url TEXT,
    custom_attributes TEXT,
    overrides TEXT,
    channels TEXT,
    state TEXT NOT NULL,
    total INTEGER NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    errors TEXT,
    created_at INTEGER NOT NULL,
    fanout_cursor TEXT,
    recipients TEXT
);

CREATE INDEX broadcast_unfinished ON broadcast (id) WHERE state <> 'processed';

CREATE TABLE delivery (
    id TEXT PRIMARY KEY,
    notification_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    broadcast_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    address TEXT,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    due_at INTEGER NOT NULL,
    deadline_at INTEGER NOT NULL,
    lease TEXT,
    lease_until INTEGER,
    error TEXT,
    receipt TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX delivery_due ON delivery (channel, due_at, id) WHERE state = 'queued';

CREATE INDEX delivery_failed ON delivery (state, id) WHERE state IN ('dead', 'suppressed');

CREATE INDEX delivery_leased ON delivery (channel, lease_until) WHERE state = 'sending';

CREATE TABLE idempotency_key (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    answer TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
) WITHOUT ROWID;

CREATE INDEX idempotency_key_age ON idempotency_key (created_at);

CREATE TABLE notification (
    user_id TEXT NOT NULL,
    id TEXT NOT NULL,
    broadcast_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    in_app INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    seen_at INTEGER,
    read_at INTEGER,
    archived_at INTEGER,
    discarded_at INTEGER,
    status TEXT GENERATED ALWAYS AS (
        CASE
            WHEN in_app = 0 THEN 'hidden'
            WHEN discarded_at IS NOT NULL THEN 'discarded'
            WHEN archived_at IS NOT NULL THEN 'archived'
            WHEN read_at IS NOT NULL THEN 'read'
            WHEN seen_at IS NOT NULL THEN 'unread'
            ELSE 'unseen'
        END
    ) VIRTUAL,
    PRIMARY KEY (user_id, id)
) WITHOUT ROWID;

CREATE UNIQUE INDEX notification_broadcast ON notification (broadcast_id, user_id);

CREATE INDEX notification_seq ON notification (user_id, seq);

CREATE INDEX notification_status ON notification (user_id, status, id);

CREATE TABLE preference (
    user_id TEXT NOT NULL,
    category TEXT NOT NULL,
    channel TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, category, channel)
) WITHOUT ROWID;

CREATE TABLE push_subscription (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    endpoint TEXT NOT NULL UNIQUE,
    p256dh TEXT NOT NULL,
    auth TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);

CREATE INDEX push_subscription_user ON push_subscription (user_id, id);

CREATE TABLE user (
    id TEXT PRIMARY KEY,
    external_id TEXT,
    email TEXT,
    first_name TEXT,
    last_name TEXT,
    custom_attributes TEXT,
    seq INTEGER NOT NULL DEFAULT 0,
    unread_count INTEGER NOT NULL DEFAULT 0,
    unseen_count INTEGER NOT NULL DEFAULT 0,
    pruned_seq INTEGER NOT NULL DEFAULT 0,
    last_seen_at INTEGER,
    last_notified_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX user_email ON user (lower(email)) WHERE email IS NOT NULL;

CREATE UNIQUE INDEX user_external_id ON user (external_id) WHERE external_id IS NOT NULL;
