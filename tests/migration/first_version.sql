-- A firm as the first version left it: made once, by that version, and never made anew.
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE chain (
	chain_id TEXT NOT NULL, 
	host TEXT NOT NULL, 
	created_at TEXT NOT NULL, 
	PRIMARY KEY (chain_id)
);
CREATE TABLE counter (
	name TEXT NOT NULL, 
	last INTEGER NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE decision (
	ref TEXT NOT NULL, 
	event_id TEXT NOT NULL, 
	at TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	supersedes TEXT, 
	subjects JSON NOT NULL, 
	PRIMARY KEY (ref), 
	UNIQUE (event_id), 
	CONSTRAINT decision_superseded_once UNIQUE (supersedes)
);
CREATE TABLE firm_schema (
	version INTEGER NOT NULL, 
	applied_at TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	body JSON NOT NULL, 
	PRIMARY KEY (version)
);
CREATE TABLE inbox (
	id TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	title TEXT NOT NULL, 
	subjects JSON NOT NULL, 
	payload JSON NOT NULL, 
	state TEXT NOT NULL, 
	created_at TEXT NOT NULL, 
	decided_at TEXT, 
	decision JSON, 
	decided_by TEXT, 
	PRIMARY KEY (id), 
	UNIQUE ("key")
);
CREATE TABLE lesson (
	ref TEXT NOT NULL, 
	event_id TEXT NOT NULL, 
	at TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	theme TEXT NOT NULL, 
	subjects JSON NOT NULL, 
	PRIMARY KEY (ref), 
	UNIQUE (event_id)
);
CREATE TABLE outbox (
	"key" TEXT NOT NULL, 
	topic TEXT NOT NULL, 
	payload JSON NOT NULL, 
	state TEXT NOT NULL, 
	attempts INTEGER DEFAULT '0' NOT NULL, 
	created_at TEXT NOT NULL, 
	not_before TEXT NOT NULL, 
	leased_until TEXT, 
	lease TEXT, 
	last_error TEXT, 
	PRIMARY KEY ("key")
);
CREATE TABLE passage (
	id INTEGER NOT NULL, 
	source TEXT NOT NULL, 
	ref TEXT NOT NULL, 
	part INTEGER NOT NULL, 
	heading TEXT NOT NULL, 
	body TEXT NOT NULL, 
	about JSON NOT NULL, 
	sha256 TEXT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT passage_once UNIQUE (source, ref, part)
);
CREATE TABLE record (
	ref TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	title TEXT NOT NULL, 
	status TEXT NOT NULL, 
	due TEXT, 
	owner TEXT, 
	props JSON NOT NULL, 
	etag TEXT NOT NULL, 
	archived BOOLEAN NOT NULL, 
	created_at TEXT NOT NULL, 
	updated_at TEXT NOT NULL, 
	synced_at TEXT NOT NULL, 
	PRIMARY KEY (ref)
);
CREATE TABLE record_alias (
	alias TEXT NOT NULL, 
	ref TEXT NOT NULL, 
	PRIMARY KEY (alias)
);
CREATE TABLE setting (
	name TEXT NOT NULL, 
	value JSON NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE truth_effect (
	"key" TEXT NOT NULL, 
	rows JSON NOT NULL, 
	at TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
CREATE TABLE truth_row (
	ref TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	props JSON NOT NULL, 
	version INTEGER NOT NULL, 
	archived BOOLEAN NOT NULL, 
	created_at TEXT NOT NULL, 
	edited_at TEXT NOT NULL, 
	PRIMARY KEY (ref)
);
CREATE TABLE event (
	chain_id TEXT NOT NULL, 
	seq INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	at TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	session TEXT, 
	kind TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	subjects TEXT NOT NULL, 
	cause TEXT, 
	effect_key TEXT, 
	payload_sha256 TEXT NOT NULL, 
	prev TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	PRIMARY KEY (chain_id, seq), 
	FOREIGN KEY(chain_id) REFERENCES chain (chain_id), 
	UNIQUE (effect_key), 
	UNIQUE (id)
);
CREATE TABLE event_subject (
	ref TEXT NOT NULL, 
	event_id TEXT NOT NULL, 
	at TEXT NOT NULL, 
	PRIMARY KEY (ref, event_id), 
	FOREIGN KEY(event_id) REFERENCES event (id)
);
CREATE TABLE payload (
	event_id TEXT NOT NULL, 
	body TEXT, 
	tombstone TEXT, 
	PRIMARY KEY (event_id), 
	FOREIGN KEY(event_id) REFERENCES event (id)
);
CREATE VIRTUAL TABLE passage_text USING fts5(heading, body, content='passage', content_rowid='id', tokenize="unicode61 remove_diacritics 2");
INSERT INTO alembic_version VALUES ('0001');
INSERT INTO chain VALUES ('laptop','host.example','2026-11-02T08:00:00.000000Z');
INSERT INTO counter VALUES ('decision',2);
INSERT INTO counter VALUES ('lesson',1);
INSERT INTO decision VALUES ('DEC-1','01a1feae-af86-79e5-9809-dee2bd5690cc','2026-11-02T08:00:00.000000Z','operator',NULL,'["P-1"]');
INSERT INTO decision VALUES ('DEC-2','01a1feae-af8e-7c06-bd10-a4f313844da2','2026-11-02T08:00:00.000000Z','operator','DEC-1','["P-1"]');
INSERT INTO lesson VALUES ('L-1','01a1feae-af92-710d-98d8-d21d05b79b78','2026-11-02T08:00:00.000000Z','operator','general','[]');
INSERT INTO event VALUES ('laptop',1,'01a1feae-af7d-7230-a4e2-c25dea78b767','2026-11-02T08:00:00.000000Z','operator',NULL,'record.created',1,'["P-1"]',NULL,NULL,'086cc7839b7cffafa8906206344aa84335671aad09ed23635ac97ac53a04199a','0000000000000000000000000000000000000000000000000000000000000000','0ece5d8a0dfa2b3a56d623ebbfebe38205024fd6b89c711552ad3e1af4cd7478');
INSERT INTO event VALUES ('laptop',2,'01a1feae-af7f-7368-a88e-3f87d35afc72','2026-11-02T08:00:00.000000Z','operator',NULL,'record.updated',1,'["P-1"]',NULL,NULL,'7cd6ebf45ab96a7ab99183c7a57f74609bdc316c6fc79458a6f57120973d8be6','0ece5d8a0dfa2b3a56d623ebbfebe38205024fd6b89c711552ad3e1af4cd7478','b652d4151039a5b13dee269c45baee6d782f6ed5e4ad7867d94a3962e41b0976');
INSERT INTO event VALUES ('laptop',3,'01a1feae-af81-70be-8581-5acf6cbcc67b','2026-11-02T08:00:00.000000Z','operator',NULL,'payload.erased',1,'[]',NULL,NULL,'ecde495ec47e096770128e9e4f141827620c843c4dc5028e829bb94c9292b519','b652d4151039a5b13dee269c45baee6d782f6ed5e4ad7867d94a3962e41b0976','5a924a9c0d31d5d2779d60c245c1d7bf230e62175304a0295471f2dfff5c3bd4');
INSERT INTO event VALUES ('laptop',4,'01a1feae-af86-79e5-9809-dee2bd5690cc','2026-11-02T08:00:00.000000Z','operator',NULL,'decision.recorded',1,'["DEC-1","P-1"]',NULL,NULL,'c510c55b66511a4fb957fb94c15647705f9fbba2c83c58954722f28a88f9cd86','5a924a9c0d31d5d2779d60c245c1d7bf230e62175304a0295471f2dfff5c3bd4','b5c9c889ead525de78766f934824e5ed817487c9fdfe50c46efd79ade9cb528c');
INSERT INTO event VALUES ('laptop',5,'01a1feae-af8e-7c06-bd10-a4f313844da2','2026-11-02T08:00:00.000000Z','operator',NULL,'decision.recorded',1,'["DEC-2","P-1","DEC-1"]',NULL,NULL,'23fa53c1a92087329a95f09faea971be93f677b923defdfd9cdf463cc880b352','b5c9c889ead525de78766f934824e5ed817487c9fdfe50c46efd79ade9cb528c','4700ca60434a516bda9d5a57e7c3c851a2a8483032087b14b1ee1b815a9b6964');
INSERT INTO event VALUES ('laptop',6,'01a1feae-af92-710d-98d8-d21d05b79b78','2026-11-02T08:00:00.000000Z','operator',NULL,'lesson.recorded',1,'["L-1"]',NULL,NULL,'b6bdce6d01528c41888d31f599a3b7cff72f1d6b0efdb0d41e1280fc580e93e2','4700ca60434a516bda9d5a57e7c3c851a2a8483032087b14b1ee1b815a9b6964','0b5c92cdf9479254b237ace45dd771c2e4c35ebac55026ff1b085bf06e391935');
INSERT INTO event_subject VALUES ('P-1','01a1feae-af7d-7230-a4e2-c25dea78b767','2026-11-02T08:00:00.000000Z');
INSERT INTO event_subject VALUES ('P-1','01a1feae-af7f-7368-a88e-3f87d35afc72','2026-11-02T08:00:00.000000Z');
INSERT INTO event_subject VALUES ('DEC-1','01a1feae-af86-79e5-9809-dee2bd5690cc','2026-11-02T08:00:00.000000Z');
INSERT INTO event_subject VALUES ('P-1','01a1feae-af86-79e5-9809-dee2bd5690cc','2026-11-02T08:00:00.000000Z');
INSERT INTO event_subject VALUES ('DEC-2','01a1feae-af8e-7c06-bd10-a4f313844da2','2026-11-02T08:00:00.000000Z');
INSERT INTO event_subject VALUES ('P-1','01a1feae-af8e-7c06-bd10-a4f313844da2','2026-11-02T08:00:00.000000Z');
INSERT INTO event_subject VALUES ('DEC-1','01a1feae-af8e-7c06-bd10-a4f313844da2','2026-11-02T08:00:00.000000Z');
INSERT INTO event_subject VALUES ('L-1','01a1feae-af92-710d-98d8-d21d05b79b78','2026-11-02T08:00:00.000000Z');
INSERT INTO payload VALUES ('01a1feae-af7d-7230-a4e2-c25dea78b767','{"data":{"after":{"status":"discovery","title":"Harbour website"},"kind":"project","title":"Harbour website"},"reason":"asked for","salt":"b4c5d75c67b89ea62a98834cf5e73c83"}',NULL);
INSERT INTO payload VALUES ('01a1feae-af7f-7368-a88e-3f87d35afc72',NULL,'01a1feae-af81-70be-8581-5acf6cbcc67b');
INSERT INTO payload VALUES ('01a1feae-af81-70be-8581-5acf6cbcc67b','{"data":{"events":["01a1feae-af7f-7368-a88e-3f87d35afc72"]},"reason":"asked for","salt":"bd14ecfeb0422f93eb1194ff7590b7f5"}',NULL);
INSERT INTO payload VALUES ('01a1feae-af86-79e5-9809-dee2bd5690cc','{"data":{"about":["P-1"],"alternatives":[],"evidence":[],"ref":"DEC-1","supersedes":null,"what":"Static site","why":"simple"},"reason":"asked for","salt":"39cfbb24336a308587b1fff7c8118060"}',NULL);
INSERT INTO payload VALUES ('01a1feae-af8e-7c06-bd10-a4f313844da2','{"data":{"about":["P-1"],"alternatives":[],"evidence":[],"ref":"DEC-2","supersedes":"DEC-1","what":"No site","why":"simpler"},"reason":"asked for","salt":"16cebeaccc3adcd09556da5b6d947005"}',NULL);
INSERT INTO payload VALUES ('01a1feae-af92-710d-98d8-d21d05b79b78','{"data":{"about":[],"places":[],"ref":"L-1","rule":"Ask first","theme":"general","why":"it cost a day"},"reason":"asked for","salt":"7ce019902db1a3184c1b405e9d4c6e86"}',NULL);
CREATE INDEX decision_by_time ON decision (at);
CREATE INDEX inbox_open ON inbox (state, created_at);
CREATE INDEX outbox_due ON outbox (topic, state, not_before);
CREATE INDEX record_by_due ON record (due);
CREATE INDEX record_by_kind ON record (kind, archived, status);
CREATE INDEX truth_row_by_version ON truth_row (version);
CREATE INDEX event_by_cause ON event (cause);
CREATE INDEX event_by_session ON event (session);
CREATE INDEX event_by_time ON event (at, chain_id, seq);
CREATE INDEX event_subject_by_time ON event_subject (ref, at);
CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'append-only table: event'); END;
CREATE TRIGGER event_no_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'append-only table: event'); END;
CREATE TRIGGER event_subject_no_update BEFORE UPDATE ON event_subject BEGIN SELECT RAISE(ABORT, 'append-only table: event_subject'); END;
CREATE TRIGGER event_subject_no_delete BEFORE DELETE ON event_subject BEGIN SELECT RAISE(ABORT, 'append-only table: event_subject'); END;
CREATE TRIGGER decision_no_update BEFORE UPDATE ON decision BEGIN SELECT RAISE(ABORT, 'append-only table: decision'); END;
CREATE TRIGGER decision_no_delete BEFORE DELETE ON decision BEGIN SELECT RAISE(ABORT, 'append-only table: decision'); END;
CREATE TRIGGER lesson_no_update BEFORE UPDATE ON lesson BEGIN SELECT RAISE(ABORT, 'append-only table: lesson'); END;
CREATE TRIGGER lesson_no_delete BEFORE DELETE ON lesson BEGIN SELECT RAISE(ABORT, 'append-only table: lesson'); END;
CREATE TRIGGER payload_no_delete BEFORE DELETE ON payload BEGIN SELECT RAISE(ABORT, 'append-only table: payload'); END;
CREATE TRIGGER payload_only_erased BEFORE UPDATE ON payload WHEN NOT (OLD.body IS NOT NULL AND NEW.body IS NULL AND NEW.event_id = OLD.event_id AND EXISTS (SELECT 1 FROM event WHERE id = NEW.tombstone AND kind = 'payload.erased')) BEGIN SELECT RAISE(ABORT, 'append-only table: payload'); END;
CREATE TRIGGER passage_added AFTER INSERT ON passage BEGIN INSERT INTO passage_text(rowid, heading, body) VALUES (NEW.id, NEW.heading, NEW.body); END;
CREATE TRIGGER passage_removed AFTER DELETE ON passage BEGIN INSERT INTO passage_text(passage_text, rowid, heading, body) VALUES ('delete', OLD.id, OLD.heading, OLD.body); END;
CREATE TRIGGER passage_no_update BEFORE UPDATE ON passage BEGIN SELECT RAISE(ABORT, 'delete the passage and insert it anew'); END;
INSERT INTO passage VALUES (1,'decision','DEC-1',0,'Static site','simple','["P-1"]','c510c55b66511a4fb957fb94c15647705f9fbba2c83c58954722f28a88f9cd86');
INSERT INTO passage VALUES (2,'decision','DEC-2',0,'No site','simpler','["P-1"]','23fa53c1a92087329a95f09faea971be93f677b923defdfd9cdf463cc880b352');
INSERT INTO passage VALUES (3,'lesson','L-1',0,'Ask first','it cost a day
Theme: general','[]','b6bdce6d01528c41888d31f599a3b7cff72f1d6b0efdb0d41e1280fc580e93e2');
