-- name: find
SELECT key, size, modified, etag, content FROM objects WHERE key = %s

-- name: put
WITH object AS (INSERT INTO objects (key, content, size) VALUES (%(key)s, %(content)s, %(size)s)
    ON CONFLICT (key) DO UPDATE SET (content, size, modified, etag) =
        (EXCLUDED.content, EXCLUDED.size, EXCLUDED.modified, EXCLUDED.etag) WHERE %(replace)s
    RETURNING *),
part AS (INSERT INTO parts (id, content, number, start, size)
    SELECT content, content, 1, 0, size FROM object RETURNING id),
stored AS (INSERT INTO chunks
    SELECT id, place - 1, piece FROM part, unnest(%(pieces)b::bytea[]) WITH ORDINALITY AS pieces (piece, place))
SELECT key, size, modified, etag FROM object

-- name: commit
INSERT INTO objects (key, content, size) VALUES (%s, %s, %s)
ON CONFLICT (key) DO UPDATE SET (content, size, modified, etag) =
    (EXCLUDED.content, EXCLUDED.size, EXCLUDED.modified, EXCLUDED.etag)
RETURNING key, size, modified, etag

-- name: move
WITH source AS (DELETE FROM objects WHERE key = %s RETURNING content, size)
INSERT INTO objects (key, content, size) SELECT %s, content, size FROM source
ON CONFLICT (key) DO UPDATE SET (content, size, modified, etag) =
    (EXCLUDED.content, EXCLUDED.size, EXCLUDED.modified, EXCLUDED.etag)
RETURNING key, size, modified, etag, content

-- name: drop
-- The parts of an upload after one of them; those without a number are being received, or were not.
UPDATE parts SET number = NULL, dropped = '-infinity' WHERE content = %s AND coalesce(number > %s, %s)

-- name: read
SELECT string_agg(substring(data FROM low::integer + 1 FOR (high - low)::integer), '' ORDER BY at)
FROM parts JOIN chunks ON part = id
    CROSS JOIN LATERAL (SELECT start + chunks.number * 1048576::bigint) AS chunk (at)
    CROSS JOIN LATERAL (SELECT greatest(%(start)s - at, 0), least(%(end)s - at, 1048576)) AS bytes (low, high)
WHERE content = %(content)s AND parts.number > 0 AND start < %(end)s AND start + size > %(start)s
    AND chunks.number BETWEEN (%(start)s - start) / 1048576 AND (%(end)s - 1 - start) / 1048576

-- name: list
SELECT key, size, modified, etag FROM objects WHERE key > %s ORDER BY key LIMIT %s

-- name: delete
-- In the order of the keys, so that two deletions never wait for each other.
DELETE FROM objects WHERE key IN (SELECT key FROM objects WHERE key = ANY(%s) ORDER BY key FOR UPDATE)

-- name: clean_chunks
DELETE FROM chunks WHERE (part, number) IN (
    SELECT part, chunks.number FROM parts JOIN chunks ON part = id
    WHERE dropped < now() - %s LIMIT 128 FOR UPDATE OF chunks SKIP LOCKED)

-- name: clean_parts
DELETE FROM parts WHERE id IN (
    SELECT id FROM parts WHERE dropped < now() - %s AND NOT EXISTS (SELECT FROM chunks WHERE part = id)
    FOR UPDATE SKIP LOCKED)
