package migration

import (
	"database/sql"
	"errors"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// postgres is the dialect of a PostgreSQL server.
var postgres = &dialect{
	open: func(text string, _ bool) (*sql.DB, error) {
		db, err := sql.Open("pgx", text)
		if err == nil {
			db.SetMaxOpenConns(8)
		}
		return db, err
	},
	source: []string{
		postgresLock,
		`CREATE TABLE IF NOT EXISTS entries (
			id bigint PRIMARY KEY,
			payload text NOT NULL,
			state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'moving', 'migrated', 'failed'))
		)`,
		`CREATE INDEX IF NOT EXISTS entries_open ON entries (id) WHERE state IN ('pending', 'moving')`,
		`CREATE TABLE IF NOT EXISTS notices (
			number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
			at text NOT NULL, entry bigint, error text NOT NULL, cause text NOT NULL
		)`,
		`CREATE OR REPLACE FUNCTION entries_go_their_way() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			IF TG_OP = 'TRUNCATE' THEN
				IF EXISTS (SELECT FROM entries WHERE state = 'migrated') THEN
					RAISE 'a migrated entry stays as it is' USING ERRCODE = 'check_violation';
				END IF;
				RETURN NULL;
			END IF;
			IF TG_OP = 'INSERT' THEN
				IF NEW.state <> 'pending' THEN
					RAISE 'a new entry is pending' USING ERRCODE = 'check_violation';
				END IF;
				RETURN NEW;
			END IF;
			IF OLD.state = 'migrated' AND
				(TG_OP = 'DELETE' OR NEW.state <> OLD.state OR NEW.id <> OLD.id OR NEW.payload <> OLD.payload) THEN
				RAISE 'a migrated entry stays as it is' USING ERRCODE = 'check_violation';
			END IF;
			IF TG_OP = 'DELETE' THEN
				RETURN OLD;
			END IF;
			IF NEW.state <> OLD.state AND OLD.state || ' ' || NEW.state
				NOT IN ('pending moving', 'moving migrated', 'moving failed', 'failed pending') THEN
				RAISE 'this change of state is not allowed' USING ERRCODE = 'check_violation';
			END IF;
			RETURN NEW;
		END $$`,
		`CREATE OR REPLACE TRIGGER entries_go_their_way BEFORE INSERT OR UPDATE OR DELETE ON entries
		FOR EACH ROW EXECUTE FUNCTION entries_go_their_way()`,
		`CREATE OR REPLACE TRIGGER entries_not_truncated BEFORE TRUNCATE ON entries
		FOR EACH STATEMENT EXECUTE FUNCTION entries_go_their_way()`,
	},
	target: []string{
		postgresLock,
		`CREATE TABLE IF NOT EXISTS entries (id bigint PRIMARY KEY, payload text NOT NULL)`,
	},
	forUpdate: " FOR UPDATE",
	idList:    "%s = ANY(?)",
	argument:  func(ids []int64) any { return ids },
	parameter: func(n int) string { return "$" + strconv.Itoa(n) },
	classify: func(err error) string {
		var e *pgconn.PgError
		if !errors.As(err, &e) {
			return ""
		}
		// PostgreSQL, appendix A: classes 22 and 23 are data exceptions and violated constraints.
		if strings.HasPrefix(e.Code, "22") || strings.HasPrefix(e.Code, "23") {
			return ErrRejected
		}
		return ""
	},
}

// postgresLock serializes the creation of tables: two programs that open a database at once could both create one, in
// spite of IF NOT EXISTS.
const postgresLock = `SELECT pg_advisory_xact_lock(7164015)`
