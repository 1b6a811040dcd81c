CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);

CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
ON "_sqlite_migrations" ("migration_set", "name");

CREATE TABLE activity (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    type TEXT NOT NULL,
    level TEXT NOT NULL,
    channel TEXT,
    category TEXT,
    user_id TEXT,
    broadcast_id TEXT,
    notification_id TEXT,
    delivery_id TEXT,
    code TEXT,
    detail TEXT
);

CREATE INDEX activity_broadcast ON activity (broadcast_id, id) WHERE broadcast_id IS NOT NULL;

CREATE INDEX activity_error ON activity (level, id) WHERE level <> 'info';

CREATE INDEX activity_user ON activity (user_id, id) WHERE user_id IS NOT NULL;

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
    send_at INTEGER,
    expires_at INTEGER,
    group_key TEXT,
    traceparent TEXT,
    fanout_cursor TEXT,
    recipients TEXT
);

CREATE TRIGGER broadcast_words_delete AFTER DELETE ON broadcast BEGIN
    INSERT INTO broadcast_words (broadcast_words, rowid, title, content)
        SELECT 'delete', number, old.title, substr(old.content, 1, 10000)
        FROM broadcast_number WHERE broadcast_id = old.id;
    DELETE FROM broadcast_number WHERE broadcast_id = old.id;
END;

CREATE TRIGGER broadcast_words_insert AFTER INSERT ON broadcast BEGIN
    INSERT INTO broadcast_number (broadcast_id) VALUES (new.id);
    INSERT INTO broadcast_words (rowid, title, content)
        VALUES (last_insert_rowid(), new.title, substr(new.content, 1, 10000));
END;

CREATE INDEX broadcast_expiry ON broadcast (expires_at) WHERE expires_at IS NOT NULL AND state = 'processed';

CREATE INDEX broadcast_unfinished ON broadcast (id) WHERE state IN ('scheduled', 'enqueued', 'processing', 'cancelling', 'expiring');

CREATE TABLE broadcast_number (
    number INTEGER PRIMARY KEY,
    broadcast_id TEXT NOT NULL UNIQUE
);

CREATE VIRTUAL TABLE broadcast_words USING fts5 (title, content, content='', detail=none, prefix='1 2 3 4 5 6', tokenize='unicode61 remove_diacritics 2');

CREATE TABLE 'broadcast_words_config'(k PRIMARY KEY, v) WITHOUT ROWID;

CREATE TABLE 'broadcast_words_data'(id INTEGER PRIMARY KEY, block BLOB);

CREATE TABLE 'broadcast_words_docsize'(id INTEGER PRIMARY KEY, sz BLOB);

CREATE TABLE 'broadcast_words_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;

CREATE TABLE channel_token (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    form TEXT NOT NULL,
    address TEXT NOT NULL,
    host TEXT NOT NULL,
    data TEXT NOT NULL,
    secret TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (form, address, user_id)
);

CREATE INDEX channel_token_user ON channel_token (user_id, channel, id);

CREATE TABLE delivery (
    id TEXT PRIMARY KEY,
    notification_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    broadcast_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    address TEXT,
    host TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    unless TEXT,
    digest_id TEXT,
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

CREATE INDEX delivery_digest ON delivery (digest_id, state) WHERE digest_id IS NOT NULL;

CREATE INDEX delivery_due ON delivery (channel, host, due_at, id, state) WHERE state = 'queued';

CREATE INDEX delivery_failed ON delivery (state, id) WHERE state IN ('dead', 'suppressed');

CREATE INDEX delivery_leased ON delivery (channel, lease_until) WHERE state = 'sending';

CREATE INDEX delivery_webhook ON delivery (user_id) WHERE channel = 'webhook';

CREATE TABLE digest (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    key TEXT NOT NULL,
    period TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    items TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);

CREATE INDEX digest_due ON digest (due_at, id) WHERE state = 'open';

CREATE UNIQUE INDEX digest_open ON digest (user_id, channel, key) WHERE state = 'open';

CREATE UNIQUE INDEX digest_period ON digest (user_id, channel, key, period);

CREATE TABLE idempotency_key (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    answer TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
) WITHOUT ROWID;

CREATE INDEX idempotency_key_age ON idempotency_key (created_at);

CREATE TABLE inbox_session (
    digest TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX inbox_session_age ON inbox_session (expires_at);

CREATE INDEX inbox_session_user ON inbox_session (user_id);

CREATE TABLE metric (
    day TEXT NOT NULL,
    category TEXT NOT NULL,
    channel TEXT NOT NULL,
    outcome TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (day, category, channel, outcome)
) WITHOUT ROWID;

CREATE TABLE metric_hour (
    hour TEXT NOT NULL,
    channel TEXT NOT NULL,
    outcome TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (hour, channel, outcome)
) WITHOUT ROWID;

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
    snoozed_until INTEGER,
    moved_to TEXT,
    group_key TEXT,
    group_id TEXT,
    group_count INTEGER NOT NULL DEFAULT 1,
    grouped INTEGER NOT NULL DEFAULT 0,
    place TEXT GENERATED ALWAYS AS (coalesce(moved_to, id)) VIRTUAL,
    status TEXT GENERATED ALWAYS AS (
        CASE
            WHEN in_app = 0 THEN 'hidden'
            WHEN discarded_at IS NOT NULL THEN 'discarded'
            WHEN grouped THEN 'grouped'
            WHEN archived_at IS NOT NULL THEN 'archived'
            WHEN snoozed_until IS NOT NULL THEN 'snoozed'
            WHEN read_at IS NOT NULL THEN 'read'
            WHEN seen_at IS NOT NULL THEN 'unread'
            ELSE 'unseen'
        END
    ) VIRTUAL,
    PRIMARY KEY (user_id, id)
) WITHOUT ROWID;

CREATE UNIQUE INDEX notification_broadcast ON notification (broadcast_id, user_id);

CREATE INDEX notification_group ON notification (user_id, group_key, id) WHERE group_key IS NOT NULL;

CREATE INDEX notification_member ON notification (user_id, group_id, id) WHERE group_id IS NOT NULL;

CREATE INDEX notification_seq ON notification (user_id, seq);

CREATE INDEX notification_snoozed ON notification (snoozed_until) WHERE snoozed_until IS NOT NULL;

CREATE INDEX notification_status ON notification (user_id, status, place);

CREATE TABLE operator_session (
    digest TEXT PRIMARY KEY,
    credential TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX operator_session_age ON operator_session (expires_at);

CREATE TABLE preference (
    user_id TEXT NOT NULL,
    category TEXT NOT NULL,
    channel TEXT NOT NULL,
    choice TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, category, channel)
) WITHOUT ROWID;

CREATE TABLE sign_in_code (
    digest TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX sign_in_code_age ON sign_in_code (expires_at);

CREATE INDEX sign_in_code_user ON sign_in_code (user_id);

CREATE TABLE suppression (
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (channel, address)
) WITHOUT ROWID;

CREATE TABLE throttle (
    user_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    category TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (user_id, channel, category)
) WITHOUT ROWID;

CREATE TABLE topic_subscription (
    topic TEXT NOT NULL,
    user_id TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (topic, user_id)
) WITHOUT ROWID;

CREATE INDEX topic_subscription_muted ON topic_subscription (user_id, topic) WHERE state = 'muted';

CREATE INDEX topic_subscription_user ON topic_subscription (user_id, topic);

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

CREATE INDEX user_first_name ON user (lower(first_name)) WHERE first_name IS NOT NULL;

CREATE INDEX user_last_name ON user (lower(last_name)) WHERE last_name IS NOT NULL;

CREATE TABLE user_setting (
    user_id TEXT PRIMARY KEY,
    time_zone TEXT,
    quiet_hours TEXT,
    paused_until INTEGER,
    digest_at TEXT,
    locale TEXT,
    updated_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE webhook_cursor (
    name TEXT PRIMARY KEY,
    activity_id INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) WITHOUT ROWID;
