-- An object names a content: the bytes of its parts, in the order of their numbers.
CREATE TABLE objects (
    key text COLLATE "C" PRIMARY KEY,
    content uuid NOT NULL,
    size bigint NOT NULL,
    modified timestamptz NOT NULL DEFAULT clock_timestamp(),
    etag uuid NOT NULL DEFAULT gen_random_uuid());
CREATE INDEX objects_content ON objects (content);

-- An upload is a content that may still get parts.
CREATE TABLE uploads (id uuid PRIMARY KEY, started timestamptz NOT NULL DEFAULT now());

-- A part is the bytes of one append. It has a number once it is complete, and never changes from then on: readers
-- need no transaction. One that is no longer needed is marked, and deleted later, when its readers have ended.
CREATE TABLE parts (
    id uuid PRIMARY KEY,
    content uuid NOT NULL,
    number integer,
    start bigint,
    size bigint,
    dropped timestamptz,
    UNIQUE (content, number));
CREATE INDEX parts_start ON parts (content, start);
CREATE INDEX parts_dropped ON parts (dropped) WHERE dropped IS NOT NULL;

-- All chunks of a part have 1 MiB, except for its last. They are not compressed, because layers are.
CREATE TABLE chunks (
    part uuid REFERENCES parts ON DELETE CASCADE,
    number integer,
    data bytea NOT NULL,
    PRIMARY KEY (part, number));
ALTER TABLE chunks ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE FUNCTION drop_content() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE parts SET dropped = now()
    WHERE content = OLD.content AND NOT EXISTS (SELECT FROM objects WHERE content = OLD.content);
    RETURN NULL;
END $$;
CREATE TRIGGER drop_content AFTER UPDATE OR DELETE ON objects FOR EACH ROW EXECUTE FUNCTION drop_content();
